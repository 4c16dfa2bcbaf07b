package dev.signalbox.system.benchmark;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.intake.RecordReader;
import dev.signalbox.workers.intake.ReplyAddress;
import dev.signalbox.workers.intake.RequestReader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** What is done with the bytes of each record, by both subjects alike. */
enum Reading {
    /** Nothing: what is left is taking and committing. */
    BYTES,
    /** All that a worker does: the request is decoded, checked and hashed. */
    REQUESTS;

    static final Lane LANE = new Lane(new PoolName("bench"), Priority.STANDARD);

    static Configuration configuration(String file) throws Exception {
        return switch (ConfigurationReader.read(Path.of(file))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new IllegalArgumentException(invalid.toString());
        };
    }

    RecordReader reader(Configuration configuration, String registryUrl) {
        return switch (this) {
            case BYTES -> {
                LlmRequest any = LlmRequest.newBuilder().setId("any").setModel("bench").setBody(ByteBuffer.allocate(0))
                        .build();
                ReplyAddress address = new ReplyAddress("llm.replies", OptionalInt.empty(), "llm.tokens",
                        ReplyAddress.Form.AVRO, List.of(), List.of());
                yield (source, ticket) -> new RecordReader.Reading.Request(
                        new InboundRequest(LANE, ticket, any, "", 0, source.timestamp(), Long.MAX_VALUE, address,
                                source.serializedValueSize()));
            }
            case REQUESTS -> {
                AvroDeserializer<LlmRequest> avro = new AvroDeserializer<>();
                avro.configure(Map.of("schema.registry.url", registryUrl, "specific.avro.reader", true), false);
                yield new RequestReader(LANE, new RequestCodec(avro, new JsonRecords())::decode, configuration);
            }
        };
    }
}
