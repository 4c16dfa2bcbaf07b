package dev.signalbox.simulator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** What really is on the wire: every byte that comes back, when, and how the connection ends. */
final class RawClient {
    enum End {
        FIN,
        RST,
        STILL_OPEN
    }

    record Exchange(String text, End end, double firstByteMillis, double lastByteMillis) {
        String body() {
            int blank = text.indexOf("\r\n\r\n");
            return blank < 0 ? "" : text.substring(blank + 4);
        }

        String statusLine() {
            return text.lines().findFirst().orElse("");
        }

        /** Occurrences of a token's event. */
        int tokens() {
            return text.split("\"delta\":\\{(\"content\"|\"type\":\"text_delta\",\"text\"):\"[^\"\n]").length - 1;
        }
    }

    private RawClient() {
    }

    /** {@link #post} to Chat Completions. */
    static Exchange call(URI baseUrl, String body, int quietMillis, String... headers) throws IOException {
        return post(baseUrl, "/chat/completions", body, quietMillis, headers);
    }

    /** Sends one request and reads until the end, or until that long nothing came. */
    static Exchange post(URI baseUrl, String path, String body, int quietMillis, String... headers)
            throws IOException {
        try (Socket socket = new Socket(baseUrl.getHost(), baseUrl.getPort())) {
            socket.setSoTimeout(quietMillis);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            StringBuilder head = new StringBuilder("POST " + baseUrl.getPath() + path
                    + " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: "
                    + bytes.length + "\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            socket.getOutputStream().write((head + "\r\n").getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write(bytes);
            return read(socket.getInputStream());
        }
    }

    private static Exchange read(InputStream in) throws IOException {
        long start = System.nanoTime();
        double first = 0;
        double last = 0;
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[65536];
        End end = End.FIN;
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                last = (System.nanoTime() - start) / 1e6;
                first = all.size() == 0 ? last : first;
                all.write(buffer, 0, n);
            }
        } catch (SocketTimeoutException e) {
            end = End.STILL_OPEN;
        } catch (SocketException e) {
            end = End.RST;
        }
        return new Exchange(all.toString(StandardCharsets.UTF_8), end, first, last);
    }

    static String chat(String model, boolean stream) {
        return "{\"model\":\"" + model + "\",\"stream\":" + stream + ",\"stream_options\":{\"include_usage\":true},"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Say something about trains.\"}]}";
    }
}
