package dev.signalbox.config.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.config.Secret;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-5")
class AdminServerTest {
    private static final String TOKEN = "0123456789abcdef-and-more";
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final InetSocketAddress EVERYWHERE = new InetSocketAddress("0.0.0.0", 0);

    private AdminServer server;

    private void serve(AdminListener listener) {
        server = new AdminServer(listener);
        server.health(() -> true, () -> false, () -> "up 1\n");
        server.page("/things",
                (path, query) -> AdminAnswer.json(200, "\"" + path + " " + query.getOrDefault("a", "-") + "\""));
        server.page("/broken", (path, query) -> {
            throw new IllegalStateException("with a detail");
        });
        server.start();
    }

    private static AdminListener guarded() {
        return new AdminListener(LOOPBACK, Optional.of(new Secret("${env:TOKEN}", TOKEN)));
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void withoutATokenALoopbackAddressShowsEverything() throws Exception {
        serve(AdminListener.loopback());

        assertThat(get("/livez").body()).isEqualTo("live\n");
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        assertThat(get("/metrics").body()).isEqualTo("up 1\n");
        assertThat(get("/things/one%20two?a=b%2Fc").body()).isEqualTo("\"/one two b/c\"");
        assertThat(get("/thingsamabob").statusCode()).isEqualTo(404);
        assertThat(get("/broken").statusCode()).isEqualTo(500);
        assertThat(get("/broken").body()).doesNotContain("detail");
        assertThat(HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/things"))
                .POST(HttpRequest.BodyPublishers.ofString("x")).build(), HttpResponse.BodyHandlers.ofString())
                .statusCode()).isEqualTo(405);
    }

    @Test
    void aTokenIsAskedForByAllButLivenessAndReadiness() throws Exception {
        serve(guarded());

        assertThat(get("/livez").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        for (String path : new String[]{"/metrics", "/things", "/things/x"}) {
            assertThat(get(path).statusCode()).isEqualTo(401);
            assertThat(get(path).headers().firstValue("WWW-Authenticate")).hasValueSatisfying(
                    challenge -> assertThat(challenge).startsWith("Bearer"));
            assertThat(get(path, "Authorization", "Bearer " + TOKEN + "x").statusCode()).isEqualTo(401);
            assertThat(get(path, "Authorization", "Basic " + TOKEN).statusCode()).isEqualTo(401);
            assertThat(get(path, "Authorization", "bearer " + TOKEN).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void anAddressThatOthersReachNeedsATokenThatCannotBeGuessed(@TempDir Path folder) throws Exception {
        assertThatThrownBy(() -> new AdminListener(EVERYWHERE, Optional.empty()))
                .isInstanceOf(InvalidListenerException.class).hasMessageContaining("a token is needed")
                .hasMessageContaining("${env:NAME}").hasMessageNotContaining("\n");
        assertThatThrownBy(() -> AdminListener.of(EVERYWHERE, "${env:T}", name -> Optional.of("short"), folder))
                .hasMessageContaining("${env:T}").hasMessageContaining("16").hasMessageNotContaining("short\"");
        assertThatThrownBy(() -> AdminListener.of(EVERYWHERE, "plain-text-secret-in-ps",
                name -> Optional.empty(), folder))
                .hasMessageContaining("must be ${env:NAME} or ${file:path}")
                .hasMessageNotContaining("plain-text-secret-in-ps");
        assertThatThrownBy(() -> AdminListener.of(EVERYWHERE, "${env:T}", name -> Optional.empty(), folder))
                .hasMessageContaining("\"T\" is not set");

        Files.writeString(folder.resolve("token"), TOKEN + "\n");
        AdminListener listener = AdminListener.of(EVERYWHERE, "${file:token}", name -> Optional.empty(), folder);
        assertThat(listener.token().orElseThrow().value()).isEqualTo(TOKEN);
        assertThat(listener.toString()).doesNotContain(TOKEN);
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        serve(AdminListener.loopback());

        assertThatThrownBy(() -> new AdminServer(
                new AdminListener(new InetSocketAddress("127.0.0.1", server.port()), Optional.empty())))
                .isInstanceOf(UncheckedIOException.class).hasMessageContaining(Integer.toString(server.port()));
    }
}
