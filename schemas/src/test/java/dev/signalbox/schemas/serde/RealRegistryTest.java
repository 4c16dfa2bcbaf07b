package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.LlmRequest;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroDeserializer;
import org.apache.pulsar.kafka.shade.io.confluent.kafka.serializers.KafkaAvroSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Against the registry that {@code SCHEMA_REGISTRY_URL} names (Confluent's, or Apicurio under /apis/ccompat/v7). */
@Tag("issue-2")
class RealRegistryTest {
    private static Map<String, Object> config() {
        String url = System.getenv("SCHEMA_REGISTRY_URL");
        assumeTrue(url != null && !url.isBlank(),
                "SKIPPED: set SCHEMA_REGISTRY_URL to test against a real schema registry");
        return Map.of("schema.registry.url", url);
    }

    @Test
    void confluentsSerdeAndOursWriteTheSameBytesOverIt() {
        Map<String, Object> config = config();
        String topic = "signalbox-test-" + UUID.randomUUID();
        try (AvroSerializer<LlmRequest> ours = new AvroSerializer<>();
                AvroDeserializer<LlmRequest> ourReader = new AvroDeserializer<>();
                KafkaAvroSerializer theirs = new KafkaAvroSerializer();
                KafkaAvroDeserializer theirReader = new KafkaAvroDeserializer()) {
            ours.configure(config, false);
            ourReader.configure(config, false);
            theirs.configure(config, false);
            theirReader.configure(config, false);
            LlmRequest request = SampleRecords.request("r");
            byte[] written = ours.serialize(topic, request);
            byte[] writtenByThem = theirs.serialize(topic, theirReader.deserialize(topic, written));
            assertThat(writtenByThem).isEqualTo(written);
            assertThat(ourReader.deserialize(topic, writtenByThem)).isEqualTo(request);
        }
    }

    @Test
    void registersReadsAndRefusesAsTheTestRegistryDoes() {
        Map<String, Object> config = config();
        SchemaRegistryClient client = SchemaRegistryClient.of(config);
        String topic = "signalbox-test-" + UUID.randomUUID();
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config);
                AvroDeserializer<LlmRequest> deserializer = new AvroDeserializer<>(LlmRequest.class, client)) {
            LlmRequest request = SampleRecords.request("r");
            assertThat(deserializer.deserialize(topic, serializer.serialize(topic, request))).isEqualTo(request);
        }
        String subject = topic + "-value";
        assertThat(client.subjects()).contains(subject);
        assertThat(client.lookup(subject, LlmRequest.getClassSchema())).isEqualTo(client.latest(subject).id());
        client.setCompatibility(subject, "FULL_TRANSITIVE");
        assertThat(client.compatibility(subject)).isEqualTo("FULL_TRANSITIVE");
        Schema other = new Schema.Parser()
                .parse("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}");
        assertThat(catchThrowableOfType(SchemaRegistryException.class, () -> client.register(subject, other)).status())
                .isEqualTo(409);
        assertThat(catchThrowableOfType(UnknownSchemaException.class, () -> client.byId(Integer.MAX_VALUE)).status())
                .isEqualTo(404);
    }
}
