package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.SampleRecords;
import dev.signalbox.schemas.avro.LlmRequest;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Time of one record, one thread: {@code mvn verify -Pbenchmark -pl schemas -am -Dtest=SerdeBenchmarkTest}. */
@Tag("benchmark")
class SerdeBenchmarkTest {
    private long sink;

    @Test
    void timeOfOneRecord() {
        try (TestRegistry registry = new TestRegistry()) {
            Map<String, Object> config = Map.of("schema.registry.url", registry.url());
            SchemaRegistryClient client = SchemaRegistryClient.of(config);
            LlmRequest request = SampleRecords.request("request-000001");
            request.setBody(SampleRecords.utf8("{\"model\":\"gpt-4.1\",\"messages\":[{\"role\":\"user\",\"content\":\""
                    + "word ".repeat(400) + "\"}]}"));
            JsonRecords json = new JsonRecords();
            try (AvroSerializer<LlmRequest> serializer = new AvroSerializer<>(client, config);
                    AvroDeserializer<LlmRequest> deserializer = new AvroDeserializer<>(LlmRequest.class, client)) {
                byte[] avro = serializer.serialize("t", request);
                byte[] text = json.write(request);
                double write = micros("avro write", () -> serializer.serialize("t", request).length);
                double read = micros("avro read", () -> deserializer.deserialize("t", avro).getId().length());
                double check = micros("check", () -> RequestValidation.faults(request).size());
                micros("json write", () -> json.write(request).length);
                micros("json read", () -> json.parseRequest(text).getId().length());
                assertThat(write + read + check).as("µs; a request at 3,000/s has 666 µs of two cores").isLessThan(60);
            }
        }
        assertThat(sink).isPositive();
    }

    private double micros(String what, Supplier<Integer> once) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 8; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < 20_000; i++) {
                sink += once.get() + 1;
            }
            best = Math.min(best, (System.nanoTime() - start) / 20_000_000.0);
        }
        System.out.printf(Locale.ROOT, "%-10s %.2f µs%n", what, best);
        return best;
    }
}
