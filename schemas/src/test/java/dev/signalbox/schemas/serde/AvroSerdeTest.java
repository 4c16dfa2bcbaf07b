package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenChunk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class AvroSerdeTest {
    private final TestRegistry registry = new TestRegistry();
    private final SchemaRegistryClient client = SchemaRegistryClient.of(config());

    @AfterEach
    void stop() {
        registry.close();
    }

    private Map<String, Object> config(Object... more) {
        Map<String, Object> config = new HashMap<>(Map.of("schema.registry.url", registry.url()));
        for (int i = 0; i < more.length; i += 2) {
            config.put((String) more[i], more[i + 1]);
        }
        return config;
    }

    @Test
    void manyTopicsOfOneSchemaShareItsId() {
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config())) {
            byte[] one = serializer.serialize("llm.requests.a.batch", SampleRecords.request("r"));
            byte[] two = serializer.serialize("llm.requests.b.batch", SampleRecords.request("r"));
            assertThat(two).isEqualTo(one);
        }
        assertThat(client.subjects()).containsExactlyInAnyOrder("llm.requests.a.batch-value",
                "llm.requests.b.batch-value");
    }

    @Test
    void subjectsFollowTheNamingStrategy() {
        Map<String, Object> config = config("value.subject.name.strategy",
                "io.confluent.kafka.serializers.subject.RecordNameStrategy");
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config)) {
            serializer.serialize("a", SampleRecords.request("r"));
        }
        assertThat(client.subjects()).containsExactly(LlmRequest.class.getName());
        assertThatThrownBy(() -> new AvroSerializer<LlmRequest>(client, config("value.subject.name.strategy", "Mine")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("value.subject.name.strategy");
    }

    @Test
    void withoutAutoRegistrationAnUnregisteredSchemaIsRefused() {
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client,
                config("auto.register.schemas", "false"))) {
            SchemaRegistryException refused = catchThrowableOfType(SchemaRegistryException.class,
                    () -> serializer.serialize("t", SampleRecords.request("r")));
            assertThat(refused.errorCode()).isEqualTo(40401);
            int id = client.register("t-value", LlmRequest.getClassSchema());
            assertThat(serializer.serialize("t", SampleRecords.request("r"))).startsWith(0, 0, 0, 0, id);
        }
    }

    @Test
    void theLatestVersionIsWrittenByFieldNames() throws Exception {
        Schema own = TokenChunk.getClassSchema();
        List<Schema.Field> fields = new ArrayList<>();
        fields.add(new Schema.Field("note", Schema.create(Schema.Type.STRING), "New, and in front.", "none"));
        own.getFields().forEach(field -> fields.add(new Schema.Field(field, field.schema())));
        Schema later = Schema.createRecord(own.getName(), "Later.", own.getNamespace(), false, fields);
        client.register("t-value", later);
        Map<String, Object> config = config("auto.register.schemas", false, "use.latest.version", true);
        TokenChunk chunk = (TokenChunk) SampleRecords.random(own, new SplittableRandom(1));
        try (AvroSerializer<TokenChunk> serializer = new AvroSerializer<>(client, config);
                AvroDeserializer<TokenChunk> deserializer = new AvroDeserializer<>(TokenChunk.class, client)) {
            byte[] written = serializer.serialize("t", chunk);
            GenericRecord generic = new GenericDatumReader<GenericRecord>(later).read(null,
                    DecoderFactory.get().binaryDecoder(written, 5, written.length - 5, null));
            assertThat(generic.get("note")).hasToString("none");
            assertThat(generic.get("requestId")).hasToString(chunk.getRequestId());
            assertThat(deserializer.deserialize("t", written)).isEqualTo(chunk);
        }
    }

    @Test
    void aWriterWithoutJavaStringsIsRead() {
        String json = LlmRequest.getClassSchema().toString().replace(",\"avro.java.string\":\"String\"", "");
        Schema plain = new Schema.Parser().parse(json);
        int id = client.register("t-value", plain);
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config());
                AvroDeserializer<LlmRequest> deserializer = new AvroDeserializer<>(LlmRequest.class, client)) {
            LlmRequest request = SampleRecords.request("r");
            request.getLabels().put("key", "value");
            byte[] bytes = serializer.serialize("other", request);
            bytes[4] = (byte) id;
            assertThat(deserializer.deserialize("t", bytes)).isEqualTo(request);
            assertThat(deserializer.deserialize("t", bytes).getLabels().keySet().iterator().next())
                    .isInstanceOf(String.class);
        }
    }

    @Test
    void wrongBytesAreASerializationExceptionAndNothingElse() {
        long seed = 5;
        SplittableRandom random = new SplittableRandom(seed);
        try (AvroSerializer<SpecificRecord> serializer = new AvroSerializer<>(client, config());
                AvroDeserializer<LlmReply> deserializer = new AvroDeserializer<>(LlmReply.class, client)) {
            byte[] good = serializer.serialize("t", SampleRecords.random(LlmReply.getClassSchema(), random));
            for (int i = 0; i < 20_000; i++) {
                byte[] bad = random.nextBoolean()
                        ? good.clone()
                        : java.util.Arrays.copyOf(good, random.nextInt(5, good.length));
                for (int k = random.nextInt(1, 4); k > 0 && bad.length > 5; k--) {
                    bad[random.nextInt(5, bad.length)] = (byte) random.nextInt();
                }
                try {
                    deserializer.deserialize("t", bad);
                } catch (SerializationException expected) {
                    assertThat(expected).as("seed %d, %d", seed, i).isNotInstanceOf(SchemaRegistryException.class);
                }
            }
            byte[] other = serializer.serialize("u", SampleRecords.request("r"));
            assertThatThrownBy(() -> deserializer.deserialize("u", other)).hasMessageContaining("LlmRequest, not a");
            assertThatThrownBy(
                    () -> deserializer.deserialize("t", "{\"a\":1}".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                    .hasMessageContaining("content-type");
            assertThatThrownBy(() -> deserializer.deserialize("t", new byte[0]))
                    .isInstanceOf(SerializationException.class);
        }
    }

    /** Lengths far beyond the record's end must not be reserved: one poison record would cost all the memory. */
    @Test
    void hugeLengthsAreRefusedWithoutReservingThem() {
        byte[] huge = {0, 0, 0, 0, 1, (byte) 0xFE, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x0F, 1, 2, 3};
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config());
                AvroDeserializer<LlmRequest> deserializer = new AvroDeserializer<>(LlmRequest.class, client)) {
            serializer.serialize("t", SampleRecords.request("r"));
            assertThatThrownBy(() -> deserializer.deserialize("t", huge)).isInstanceOf(SerializationException.class);
            byte[] good = serializer.serialize("t", SampleRecords.request("r"));
            for (int i = 5; i < good.length; i++) {
                byte[] bad = java.util.Arrays.copyOf(good, i + 8);
                System.arraycopy(huge, 5, bad, i, 5);
                try {
                    deserializer.deserialize("t", bad);
                } catch (SerializationException expected) {
                    assertThat(expected).isNotNull();
                }
            }
        }
    }

    @Test
    void oneSerdeServesManyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (AvroSerializer<SpecificRecord> serializer = new AvroSerializer<>(client, config());
                AvroDeserializer<SpecificRecord> deserializer = new AvroDeserializer<>()) {
            deserializer.configure(config(), false);
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int t = 0; t < 16; t++) {
                int seed = t;
                tasks.add(() -> {
                    SplittableRandom random = new SplittableRandom(seed);
                    for (int i = 0; i < 300; i++) {
                        Schema schema = SampleRecords.schemas().get(i % 4);
                        SpecificRecord record = SampleRecords.random(schema, random);
                        byte[] bytes = serializer.serialize("t" + i % 4, record);
                        assertThat(deserializer.deserialize("t", bytes)).as("seed %d", seed).isEqualTo(record);
                    }
                    return true;
                });
            }
            for (Future<Boolean> done : threads.invokeAll(tasks)) {
                assertThat(done.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void genericReadingIsRefusedWhereItIsAskedFor() {
        try (AvroDeserializer<LlmRequest> deserializer = new AvroDeserializer<>()) {
            assertThatThrownBy(() -> deserializer.configure(config("specific.avro.reader", false), false))
                    .isInstanceOf(ConfigException.class);
        }
        assertThat(GenericData.get()).isNotNull();
    }
}
