package dev.signalbox.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.signalbox.schemas.avro.LlmRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.avro.Schema;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-7")
class SchemaRegistryClientTest {
    private static final Schema SCHEMA = LlmRequest.getClassSchema();
    /** A loopback port on which nothing listens. */
    private static final String NOBODY = "http://127.0.0.1:1";

    private final TestRegistry registry = new TestRegistry("/base/path");
    private final AtomicLong nanos = new AtomicLong();

    @AfterEach
    void stop() {
        registry.close();
    }

    private SchemaRegistryClient client(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(Map.of("schema.registry.url", registry.url() + "/"));
        config.putAll(more);
        return new SchemaRegistryClient(RegistryConfig.of(config), nanos::get);
    }

    @Test
    void keepsTheBasePathAndRegistersOnceOnly() {
        SchemaRegistryClient client = client(Map.of());
        int id = client.register("a subject/ü", SCHEMA);
        assertThat(client.register("a subject/ü", SCHEMA)).isEqualTo(id);
        assertThat(client.lookup("a subject/ü", SCHEMA)).isEqualTo(id);
        assertThat(client.byId(id)).isEqualTo(SCHEMA);
        assertThat(client.byId(id)).isSameAs(client.byId(id));
        assertThat(client.subjects()).containsExactly("a subject/ü");
        assertThat(client.latest("a subject/ü").version()).isEqualTo(1);
        assertThat(registry.calls).containsExactly("POST /base/path/subjects/a%20subject%2F%C3%BC/versions",
                "POST /base/path/subjects/a%20subject%2F%C3%BC", "GET /base/path/schemas/ids/1",
                "GET /base/path/subjects", "GET /base/path/subjects/a%20subject%2F%C3%BC/versions/latest");
    }

    @Test
    void schemasThatDifferInTheirDocsOnlyAreDifferentSchemas() {
        SchemaRegistryClient client = client(Map.of());
        Schema one = Schema.createRecord("R", "one", "", false, java.util.List.of());
        Schema two = Schema.createRecord("R", "two", "", false, java.util.List.of());
        assertThat(one).as("what makes the trap").isEqualTo(two);
        assertThat(client.register("s", one)).isNotEqualTo(client.register("s", two));
    }

    @Test
    void compatibilityIsSetAndRead() {
        SchemaRegistryClient client = client(Map.of());
        assertThat(client.compatibility("s")).isEqualTo("BACKWARD");
        client.setCompatibility("s", "FULL_TRANSITIVE");
        assertThat(client.compatibility("s")).isEqualTo("FULL_TRANSITIVE");
    }

    @Test
    void aCallerWhoseTasksFillTheCommonPoolIsAnswered() {
        CountDownLatch over = new CountDownLatch(1);
        ForkJoinPool pool = ForkJoinPool.commonPool();
        try {
            for (int i = 0; i < Math.max(1, pool.getParallelism()); i++) {
                pool.execute(() -> {
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            SchemaRegistryClient client = client(
                    Map.of("http.connect.timeout.ms", 2_000, "http.read.timeout.ms", 2_000));
            assertThat(client.byId(client.register("s", SCHEMA))).isEqualTo(SCHEMA);
        } finally {
            over.countDown();
        }
    }

    @Test
    void theNextServerTakesOverAndStaysPreferred() {
        try (TestRegistry broken = new TestRegistry()) {
            broken.fault = 503;
            SchemaRegistryClient client = client(
                    Map.of("schema.registry.url", NOBODY + " , " + broken.url() + "," + registry.url()));
            client.register("a", SCHEMA);
            client.register("b", SCHEMA);
            assertThat(broken.calls).hasSize(1);
            assertThat(registry.calls).hasSize(2);
        }
    }

    @Test
    void aRefusalIsNotTriedElsewhere() {
        try (TestRegistry second = new TestRegistry()) {
            SchemaRegistryClient client = client(Map.of("schema.registry.url", registry.url() + "," + second.url()));
            assertThatThrownBy(() -> client.lookup("none", SCHEMA)).isInstanceOf(SchemaRegistryException.class)
                    .extracting("errorCode").isEqualTo(40401);
            assertThat(second.calls).isEmpty();
        }
    }

    @Test
    void nobodyThereIsTransientAndTellsEveryServer() {
        SchemaRegistryClient client = client(Map.of("schema.registry.url", NOBODY + "/x"));
        SchemaRegistryException failure = catchThrowableOfType(SchemaRegistryException.class, () -> client.byId(1));
        assertThat(failure.isTransient()).isTrue();
        assertThat(failure.status()).isZero();
        assertThat(failure).hasMessageContaining(NOBODY + "/x");
    }

    @Test
    void credentialsComeFromUserInfoOrUrlAndAreNeverShown() {
        String basic = "Basic " + Base64.getEncoder().encodeToString("me:s%cret".getBytes(StandardCharsets.UTF_8));
        client(Map.of("basic.auth.credentials.source", "USER_INFO", "basic.auth.user.info", "me:s%cret")).subjects();
        assertThat(registry.authorization).isEqualTo(basic);
        client(Map.of("schema.registry.url", registry.url().replace("://", "://me:s%25cret@"))).subjects();
        assertThat(registry.authorization).isEqualTo(basic);
        client(Map.of()).subjects();
        assertThat(registry.authorization).isEmpty();
        assertThatThrownBy(() -> client(Map.of("schema.registry.url", "http://me:s%25cret@127.0.0.1:1")).byId(1))
                .hasMessageNotContaining("cret").hasStackTraceContaining("127.0.0.1:1");
        assertThatThrownBy(() -> client(Map.of("schema.registry.url", "ftp://me:secret@h")))
                .hasMessageNotContaining("secret");
    }

    @Test
    void anUnknownIdIsRememberedForAShortWhile() {
        SchemaRegistryClient client = client(Map.of());
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> client.byId(1)).isInstanceOf(UnknownSchemaException.class);
        }
        assertThat(registry.calls).hasSize(1);
        client.register("s", SCHEMA);
        assertThatThrownBy(() -> client.byId(1)).isInstanceOf(UnknownSchemaException.class);
        nanos.addAndGet(SchemaRegistryClient.UNKNOWN_FOR.toNanos());
        assertThat(client.byId(1)).isEqualTo(SCHEMA);
    }

    @Test
    void onlyTheRegistryItselfMakesAnIdUnknown() {
        SchemaRegistryClient client = client(Map.of());
        String[] pages = {"<html>not here</html>", "", "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}", "[]"};
        for (String page : pages) {
            registry.fault = 404;
            registry.faultBody = page;
            SchemaRegistryException failure = catchThrowableOfType(SchemaRegistryException.class, () -> client.byId(1));
            assertThat(failure).as(page).isExactlyInstanceOf(SchemaRegistryException.class);
            assertThat(failure.errorCode()).isEqualTo(404);
        }
        registry.faultBody = "{\"error_code\":0,\"message\":\"No content\"}";
        UnknownSchemaException unknown = catchThrowableOfType(UnknownSchemaException.class, () -> client.byId(1));
        assertThat(unknown.errorCode()).as("0 falls back to the status").isEqualTo(404);
        registry.fault = 401;
        registry.faultBody = "";
        SchemaRegistryException refused = catchThrowableOfType(SchemaRegistryException.class, () -> client.byId(2));
        assertThat(refused.status()).isEqualTo(401);
        assertThat(refused.isTransient()).isFalse();
        registry.fault = 200;
        registry.faultBody = "<html>log in</html>";
        assertThatThrownBy(() -> client.byId(2)).hasMessageContaining("not a schema registry");
    }

    @Test
    void wrongConfigurationNamesItsKey() {
        assertThatThrownBy(() -> SchemaRegistryClient.of(Map.of())).isInstanceOf(ConfigException.class)
                .hasMessageContaining("schema.registry.url");
        assertThatThrownBy(() -> client(Map.of("basic.auth.credentials.source", "USER_INFO")))
                .hasMessageContaining("basic.auth.user.info");
        assertThatThrownBy(() -> client(Map.of("basic.auth.credentials.source", "SASL_INHERIT")))
                .hasMessageContaining("URL or USER_INFO");
        assertThatThrownBy(() -> client(Map.of("http.read.timeout.ms", "soon")))
                .hasMessageContaining("http.read.timeout.ms");
    }
}
