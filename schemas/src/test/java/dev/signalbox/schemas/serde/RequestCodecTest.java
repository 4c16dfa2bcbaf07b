package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.LlmRequest;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class RequestCodecTest {
    private final TestRegistry registry = new TestRegistry();
    private final Map<String, Object> config = Map.of("schema.registry.url", registry.url());
    private final SchemaRegistryClient client = SchemaRegistryClient.of(config);
    private final RequestCodec codec = new RequestCodec(new AvroDeserializer<>(LlmRequest.class, client),
            new JsonRecords());

    @AfterEach
    void stop() {
        registry.close();
    }

    private DecodedRequest decode(String contentType, byte[] value) {
        RecordHeaders headers = new RecordHeaders();
        if (!contentType.isEmpty()) {
            headers.add("content-type", contentType.getBytes(StandardCharsets.UTF_8));
        }
        return codec.decode("t", headers, value);
    }

    @Test
    void eitherFormGivesTheSameRequest() {
        LlmRequest request = SampleRecords.request("r");
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config)) {
            assertThat(decode("", serializer.serialize("t", request))).isEqualTo(new DecodedRequest.Valid(request));
        }
        byte[] json = new JsonRecords().write(request);
        assertThat(decode("application/json", json)).isEqualTo(new DecodedRequest.Valid(request));
        assertThat(decode("Application/JSON; charset=utf-8", json)).isEqualTo(new DecodedRequest.Valid(request));
        assertThat(decode("", json)).isInstanceOf(DecodedRequest.Unreadable.class).asString().contains("content-type");
        assertThat(decode("text/plain", json)).isInstanceOf(DecodedRequest.Unreadable.class);
    }

    @Test
    void aLargeBodyIsAViewOfItsRecord() {
        LlmRequest request = SampleRecords.request("r");
        String text = "{\"text\":\"" + "lorem ".repeat(200) + "\"}";
        request.setBody(SampleRecords.utf8(text));
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config)) {
            byte[] value = serializer.serialize("t", request);
            LlmRequest decoded = ((DecodedRequest.Valid) decode("", value)).request();
            assertThat(decoded).isEqualTo(request);
            assertThat(decoded.getBody().array()).isSameAs(value);
        }
    }

    @Test
    void rulesAreCheckedInEitherForm() {
        LlmRequest request = SampleRecords.request("has space");
        assertThat(decode("application/json", new JsonRecords().write(request)))
                .isInstanceOf(DecodedRequest.Invalid.class);
        request.setBody(SampleRecords.utf8("{\"a\":"));
        try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config)) {
            DecodedRequest decoded = decode("", serializer.serialize("t", request));
            assertThat(((DecodedRequest.Invalid) decoded).faults()).hasSize(2).last().asString()
                    .contains("body: ends too early");
        }
    }

    @Test
    void anUnknownSchemaIsUnreadableButARegistryThatIsAwayIsNot() {
        byte[] value = {0, 0, 0, 0, 9, 1};
        assertThat(decode("", value)).isInstanceOf(DecodedRequest.Unreadable.class);
        registry.fault = 503;
        value[4] = 8;
        assertThatThrownBy(() -> decode("", value)).isInstanceOf(SchemaRegistryException.class);
    }
}
