package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpServer;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.streams.errors.DeserializationExceptionHandler.Result;
import org.junit.jupiter.api.Test;

class UnreadableRecordsTest {
    private static final byte[] UNKNOWN_ID = {0, 0, 0, 0, 99, 1};

    @Test
    void badBytesAreLeftOut() throws IOException {
        assertThat(resultOf(new byte[]{1, 2}, 200, "")).isEqualTo(Result.RESUME);
    }

    @Test
    void soIsASchemaThatTheRegistryDoesNotHave() throws IOException {
        assertThat(resultOf(UNKNOWN_ID, 404, "{\"error_code\":40403,\"message\":\"Schema 99 not found\"}"))
                .isEqualTo(Result.RESUME);
    }

    @Test
    void aRegistryThatIsAwayIsWaitedFor() throws IOException {
        assertThat(resultOf(UNKNOWN_ID, 503, "")).isEqualTo(Result.FAIL);
    }

    /** What is done with a record when the registry answers like that. */
    private static Result resultOf(byte[] value, int status, String body) throws IOException {
        HttpServer registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/", exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            try (exchange) {
                exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            }
        });
        registry.start();
        try (var deserializer = new AvroDeserializer<>(AttemptEvent.class, SchemaRegistryClient
                .of(Map.of("schema.registry.url", "http://127.0.0.1:" + registry.getAddress().getPort())))) {
            SerializationException thrown = catchThrowableOfType(SerializationException.class,
                    () -> deserializer.deserialize("llm.attempts", value));
            return new UnreadableRecords()
                    .handleError(null, new ConsumerRecord<>("llm.attempts", 0, 0, null, value), thrown).result();
        } finally {
            registry.stop(0);
        }
    }
}
