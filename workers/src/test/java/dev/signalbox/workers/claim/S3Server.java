package dev.signalbox.workers.claim;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** As much of S3's protocol as puts and gets need, path style, for one access key; bodies must have the hash that was signed. */
public final class S3Server implements AutoCloseable {
    public static final String ACCESS_KEY = "AKIATEST";
    private static final int MAX_BODY = 64 << 20;

    public final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    public final CopyOnWriteArrayList<String> calls = new CopyOnWriteArrayList<>();
    public volatile int fault;
    private final HttpServer server;

    public S3Server() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void handle(HttpExchange call) throws IOException {
        try (call) {
            byte[] body = call.getRequestBody().readNBytes(MAX_BODY);
            String path = call.getRequestURI().getPath();
            calls.add(call.getRequestMethod() + " " + path);
            String signature = String.valueOf(call.getRequestHeaders().getFirst("Authorization"));
            if (fault != 0) {
                error(call, fault, "InternalError");
            } else if (!signature.startsWith("AWS4-HMAC-SHA256 Credential=" + ACCESS_KEY + "/")) {
                error(call, 403, "InvalidAccessKeyId");
            } else if (call.getRequestMethod().equals("PUT")
                    && !sha256(body).equals(call.getRequestHeaders().getFirst("x-amz-content-sha256"))) {
                error(call, 400, "XAmzContentSHA256Mismatch");
            } else if (call.getRequestMethod().equals("PUT")) {
                objects.put(path, body);
                call.getResponseHeaders().add("ETag", "\"0\"");
                call.sendResponseHeaders(200, -1);
            } else if (objects.containsKey(path)) {
                byte[] found = objects.get(path);
                call.sendResponseHeaders(200, found.length);
                call.getResponseBody().write(found);
            } else {
                error(call, 404, "NoSuchKey");
            }
        }
    }

    private static void error(HttpExchange call, int status, String code) throws IOException {
        byte[] xml = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code
                + "</Code><Message>no</Message></Error>")
                .getBytes(StandardCharsets.UTF_8);
        call.getResponseHeaders().add("Content-Type", "application/xml");
        call.sendResponseHeaders(status, xml.length);
        call.getResponseBody().write(xml);
    }

    private static String sha256(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
