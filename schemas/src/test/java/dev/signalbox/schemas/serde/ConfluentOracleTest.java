package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.schemas.SampleRecords;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroDeserializer;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against Confluent's own serde 7.0.1 (relocated, hence on generic records) over the same registry. */
@Tag("issue-2")
class ConfluentOracleTest {
    private final TestRegistry registry = new TestRegistry("/base/path");
    private final Map<String, Object> config = Map.of("schema.registry.url", registry.url());

    @AfterEach
    void stop() {
        registry.close();
    }

    @Test
    void bytesAreIdenticalBothWaysForRandomRecordsOfEverySchema() {
        long seed = 20261121;
        SplittableRandom random = new SplittableRandom(seed);
        try (AvroSerializer<SpecificRecord> ours = new AvroSerializer<>();
                AvroDeserializer<SpecificRecord> ourReader = new AvroDeserializer<>();
                KafkaAvroSerializer theirs = new KafkaAvroSerializer();
                KafkaAvroDeserializer theirReader = new KafkaAvroDeserializer()) {
            ours.configure(config, false);
            ourReader.configure(config, false);
            theirs.configure(config, false);
            theirReader.configure(config, false);
            for (Schema schema : SampleRecords.schemas()) {
                String topic = "topic." + schema.getName();
                for (int i = 0; i < 250; i++) {
                    SpecificRecord record = SampleRecords.random(schema, random);
                    byte[] written = ours.serialize(topic, record);
                    Object readByThem = theirReader.deserialize(topic, written);
                    byte[] writtenByThem = theirs.serialize(topic, readByThem);
                    assertThat(writtenByThem).as("seed %d, record %d of %s", seed, i, schema.getName())
                            .isEqualTo(written);
                    assertThat(ourReader.deserialize(topic, writtenByThem)).as("seed %d", seed).isEqualTo(record);
                }
            }
        }
        assertThat(registry.calls).as("one registration each and one read by id each, from either side, no more")
                .hasSize(4 * (2 + 2));
    }

    @Test
    void whatTheyRegisteredIsFoundByUsUnderTheSameId() {
        try (KafkaAvroSerializer theirs = new KafkaAvroSerializer();
                KafkaAvroDeserializer theirReader = new KafkaAvroDeserializer();
                AvroSerializer<SpecificRecord> ours = new AvroSerializer<>();
                AvroSerializer<SpecificRecord> lookingUp = new AvroSerializer<>()) {
            ours.configure(config, false);
            theirs.configure(config, false);
            theirReader.configure(config, false);
            Object generic = theirReader.deserialize("t", ours.serialize("t", SampleRecords.request("r")));
            byte[] theirBytes = theirs.serialize("other", generic);
            lookingUp.configure(Map.of("schema.registry.url", registry.url(), "auto.register.schemas", false), false);
            assertThat(lookingUp.serialize("other", SampleRecords.request("r"))).isEqualTo(theirBytes);
        }
    }

    @Test
    void errorCodesAgree() {
        byte[] unknown = {0, 0, 0, 3, 9, 0};
        try (KafkaAvroDeserializer theirs = new KafkaAvroDeserializer();
                AvroDeserializer<SpecificRecord> ours = new AvroDeserializer<>()) {
            theirs.configure(config, false);
            ours.configure(config, false);
            SerializationException theirError = catchThrowableOfType(SerializationException.class,
                    () -> theirs.deserialize("t", unknown));
            UnknownSchemaException ourError = catchThrowableOfType(UnknownSchemaException.class,
                    () -> ours.deserialize("t", unknown));
            RestClientException cause = (RestClientException) theirError.getCause();
            assertThat(ourError.errorCode()).isEqualTo(cause.getErrorCode()).isEqualTo(40403);
            assertThat(ourError.status()).isEqualTo(cause.getStatus()).isEqualTo(404);
        }
    }

    @Test
    void anIncompatibleSchemaIsRefusedWithTheSameCode() {
        Schema before = new Schema.Parser().parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}");
        Schema now = new Schema.Parser()
                .parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}");
        SchemaRegistryClient client = SchemaRegistryClient.of(config);
        client.register("s", before);
        SchemaRegistryException refused = catchThrowableOfType(SchemaRegistryException.class,
                () -> client.register("s", now));
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.errorCode()).isEqualTo(409);
        assertThat(refused).hasMessageContaining("incompatible");
    }
}
