package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The registry's rules, answered as Confluent's registry answers them; each change goes through its record's bytes. */
class RegistryRoutesTest {
    private static final String RECORD = "{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[%s]}";
    private static final String FIELD_A = "{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"string\\\"}";
    private static final String FIELD_B = ",{\\\"name\\\":\\\"b\\\",\\\"type\\\":\\\"string\\\"}";
    private static final String FIELD_B_DEFAULT = ",{\\\"name\\\":\\\"b\\\",\\\"type\\\":\\\"string\\\",\\\"default\\\":\\\"\\\"}";

    private RegistryState state = RegistryState.empty(CompatibilityLevel.FULL_TRANSITIVE);

    @Test
    void aSchemaHasOneIdInAllSubjectsAndIsRegisteredOnce() throws Exception {
        assertThat(post("/subjects/s/versions", schema(FIELD_A))).isEqualTo("200 {\"id\":1}");
        assertThat(post("/subjects/s/versions", schema(FIELD_A))).isEqualTo("200 {\"id\":1}");
        assertThat(post("/subjects/t%2Fu/versions", schema(FIELD_A))).isEqualTo("200 {\"id\":1}");
        assertThat(get("/subjects")).isEqualTo("200 [\"s\",\"t/u\"]");
        assertThat(get("/subjects/s/versions")).isEqualTo("200 [1]");
        assertThat(post("/subjects/s", schema(FIELD_A))).startsWith("200 {\"subject\":\"s\",\"version\":1,\"id\":1,");
    }

    @Test
    void anIncompatibleVersionIsRefusedWith409AndACompatibleOneTaken() throws Exception {
        post("/subjects/s/versions", schema(FIELD_A));
        assertThat(post("/subjects/s/versions", schema(FIELD_A + FIELD_B))).startsWith("409 {\"error_code\":409,");
        assertThat(post("/compatibility/subjects/s/versions/latest", schema(FIELD_A + FIELD_B)))
                .isEqualTo("200 {\"is_compatible\":false}");
        assertThat(post("/subjects/s/versions", schema(FIELD_A + FIELD_B_DEFAULT))).isEqualTo("200 {\"id\":2}");
        assertThat(request("PUT", "/config/s", "{\"compatibility\":\"NONE\"}")).startsWith("200");
        assertThat(post("/subjects/s/versions", schema(FIELD_A + FIELD_B))).isEqualTo("200 {\"id\":3}");
    }

    @Test
    void whatIsMissingOrWrongHasConfluentsErrorCode() throws Exception {
        assertThat(get("/subjects/none/versions")).startsWith("404 {\"error_code\":40401,");
        post("/subjects/s/versions", schema(FIELD_A));
        assertThat(get("/subjects/s/versions/7")).startsWith("404 {\"error_code\":40402,");
        assertThat(get("/schemas/ids/99")).startsWith("404 {\"error_code\":40403,");
        assertThat(post("/subjects/s", schema(FIELD_A + FIELD_B))).startsWith("404 {\"error_code\":40403,");
        assertThat(get("/subjects/s/versions/x")).startsWith("422 {\"error_code\":42202,");
        assertThat(post("/subjects/s/versions", "{\"schema\":\"{\"}")).startsWith("422 {\"error_code\":42201,");
        assertThat(request("PUT", "/config", "{\"compatibility\":\"MUCH\"}")).startsWith("422 {\"error_code\":42203,");
        assertThat(get("/config/s")).startsWith("404 {\"error_code\":40408,");
        assertThat(get("/config/s?defaultToGlobal=true"))
                .isEqualTo("200 {\"compatibilityLevel\":\"FULL_TRANSITIVE\"}");
    }

    @Test
    void deletedVersionsHideButTheirIdsStayTaken() throws Exception {
        post("/subjects/s/versions", schema(FIELD_A));
        assertThat(request("DELETE", "/subjects/s?permanent=true", "")).startsWith("404 {\"error_code\":40405,");
        assertThat(request("DELETE", "/subjects/s", "")).isEqualTo("200 [1]");
        assertThat(get("/subjects")).isEqualTo("200 []");
        assertThat(get("/subjects?deleted=true")).isEqualTo("200 [\"s\"]");
        assertThat(get("/schemas/ids/1")).startsWith("200");
        assertThat(post("/subjects/s/versions", schema(FIELD_A + FIELD_B))).isEqualTo("200 {\"id\":2}");
        assertThat(get("/subjects/s/versions")).isEqualTo("200 [2]");
    }

    @Test
    void recordsHaveTheRealRegistrysForm() {
        var encoded = RegistryRecordCodec.encode(new RegistryRecord.VersionSet("s", 1, 7, "\"string\"", false));
        assertThat(new String(encoded.key(), StandardCharsets.UTF_8))
                .isEqualTo("{\"keytype\":\"SCHEMA\",\"subject\":\"s\",\"version\":1,\"magic\":1}");
        assertThat(encoded.value()).asString(StandardCharsets.UTF_8).isEqualTo(
                "{\"subject\":\"s\",\"version\":1,\"id\":7,\"schema\":\"\\\"string\\\"\",\"deleted\":false}");
    }

    private static String schema(String fields) {
        return "{\"schema\":\"" + RECORD.formatted(fields) + "\"}";
    }

    private String get(String path) throws IOException {
        return request("GET", path, "");
    }

    private String post(String path, String body) throws IOException {
        return request("POST", path, body);
    }

    private String request(String method, String path, String body) throws IOException {
        var json = body.isEmpty() ? MissingNode.getInstance() : new ObjectMapper().readTree(body);
        RegistryDecision decision = RegistryRoutes.route(state, RegistryRequest.of(method, URI.create(path), json));
        for (RegistryRecord record : decision.records()) {
            var encoded = RegistryRecordCodec.encode(record);
            Optional<RegistryRecord> read = RegistryRecordCodec.decode(encoded.key(), encoded.value());
            assertThat(read).contains(record);
            state = state.apply(read.orElseThrow());
        }
        return decision.status() + " " + decision.body();
    }
}
