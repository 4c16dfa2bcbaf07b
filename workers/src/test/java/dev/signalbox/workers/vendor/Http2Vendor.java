package dev.signalbox.workers.vendor;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Vendor;
import dev.signalbox.config.VendorFamily;
import io.netty.handler.codec.http2.Http2Exception;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** A vendor that speaks HTTP/2 over TLS, with few streams on each connection. */
final class Http2Vendor implements AutoCloseable {
    static final int STREAMS = 10;
    private static final String FIRST = "data: {\"id\":\"1\",\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":"
            + "{\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n";
    private static final String REST = "data: {\"id\":\"1\",\"model\":\"gpt\",\"choices\":[{\"index\":0,\"delta\":"
            + "{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    /** Answers one request, on the server's thread. */
    interface Script {
        void answer(HttpServerRequest request);
    }

    static {
        for (String chatty : List.of("io.netty", "io.vertx")) {
            ((Logger) LoggerFactory.getLogger(chatty)).setLevel(Level.INFO);
        }
    }

    private volatile Context loop;
    private final Vertx vertx = Vertx.vertx();
    private final HttpServer server;
    private final Path authority;
    final List<HttpConnection> connections = new CopyOnWriteArrayList<>();
    final List<HttpServerRequest> requests = new CopyOnWriteArrayList<>();
    final Map<HttpServerRequest, String> bodies = new ConcurrentHashMap<>();
    /** What clients did that cost their connections. */
    final List<Throwable> violations = new CopyOnWriteArrayList<>();

    /** @param folder has the key that {@link #makeKey} made */
    Http2Vendor(Path folder, Script script) throws Exception {
        authority = folder.resolve("ca.pem");
        server = vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0).setSsl(true)
                .setUseAlpn(true).setInitialSettings(new Http2Settings().setMaxConcurrentStreams(STREAMS))
                .setKeyCertOptions(new PfxOptions().setPath(folder.resolve("vendor.p12").toString())
                        .setPassword("changeit")))
                .connectionHandler(connection -> {
                    connections.add(connection);
                    connection.exceptionHandler(fault -> {
                        if (fault instanceof Http2Exception) {
                            violations.add(fault);
                        }
                    });
                }).requestHandler(request -> request.body().onSuccess(body -> {
                    loop = Vertx.currentContext();
                    bodies.put(request, body.toString());
                    requests.add(request);
                    script.answer(request);
                }));
        server.listen().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    /** A key for localhost and, in PEM, the certificate that vouches for it. */
    static void makeKey(Path folder) throws Exception {
        keytool(folder, "-genkeypair", "-alias", "vendor", "-keyalg", "EC", "-dname", "CN=localhost", "-ext",
                "san=dns:localhost,ip:127.0.0.1", "-keystore", "vendor.p12");
        Certificate own = KeyStore.getInstance(folder.resolve("vendor.p12").toFile(), "changeit".toCharArray())
                .getCertificate("vendor");
        Files.writeString(folder.resolve("ca.pem"), "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder().encodeToString(own.getEncoded()) + "\n-----END CERTIFICATE-----\n");
    }

    URI baseUrl() {
        return URI.create("https://localhost:" + server.actualPort() + "/v1");
    }

    static Deployment deployment(URI baseUrl, Path authority, CallTimeouts timeouts) {
        Deployment one = Deployments.openAi(baseUrl, timeouts, true);
        return Deployments.with(one, new Vendor("openai", VendorFamily.OPENAI, Optional.of(baseUrl), timeouts, true,
                Optional.empty(), Optional.of(authority), false), one.credentials());
    }

    static void whole(HttpServerRequest request) {
        start(request);
        finish(request);
    }

    static void start(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        response.putHeader("Content-Type", "text/event-stream").write(FIRST);
    }

    static void finish(HttpServerRequest request) {
        request.response().end(REST);
    }

    /** Runs after the script of every request that is known. */
    void afterScripts(Runnable task) {
        loop.runOnContext(_ -> task.run());
    }

    Path authority() {
        return authority;
    }

    private static void keytool(Path folder, String... arguments) throws IOException, InterruptedException {
        Path log = folder.resolve("keytool.log");
        List<String> command = new java.util.ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", "changeit", "-storetype", "PKCS12"));
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IllegalStateException(Files.readString(log));
        }
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }
}
