package dev.signalbox.workers.vendor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A vendor on a raw socket, so that a test decides about every byte, cut and silence. */
final class ScriptedVendor implements AutoCloseable {
    /** Answers one request on an open connection. */
    interface Script {
        /** @return whether the connection stays open for the next request */
        boolean answer(Request request, Exchange exchange) throws Exception;
    }

    record Request(String head, byte[] body) {
        String header(String name) {
            for (String line : head.split("\r\n")) {
                if (line.regionMatches(true, 0, name + ":", 0, name.length() + 1)) {
                    return line.substring(name.length() + 1).strip();
                }
            }
            return "";
        }
    }

    /** What a script writes to. */
    record Exchange(Socket socket, OutputStream out) {
        void head(String status, String... headers) throws IOException {
            raw("HTTP/1.1 " + status + "\r\n" + String.join("", java.util.Arrays.stream(headers)
                    .map(header -> header + "\r\n").toList()) + "\r\n");
        }

        void stream() throws IOException {
            head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
        }

        void chunk(byte[] bytes, int from, int to) throws IOException {
            if (to > from) {
                ByteArrayOutputStream chunk = new ByteArrayOutputStream();
                chunk.writeBytes((Integer.toHexString(to - from) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                chunk.write(bytes, from, to - from);
                chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
                out.write(chunk.toByteArray());
                out.flush();
            }
        }

        void chunk(String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            chunk(bytes, 0, bytes.length);
        }

        void endChunks() throws IOException {
            raw("0\r\n\r\n");
        }

        void raw(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
            out.flush();
        }

        boolean whole(String status, String contentType, byte[] body, String... headers) throws IOException {
            raw("HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nContent-Length: " + body.length
                    + "\r\n" + String.join("", java.util.Arrays.stream(headers).map(header -> header + "\r\n").toList())
                    + "\r\n");
            out.write(body);
            out.flush();
            return true;
        }

        /** Waits until the other side closes the connection. */
        void awaitClosed() throws IOException {
            try {
                while (socket.getInputStream().read() >= 0) {
                    // Nothing more is expected.
                }
            } catch (IOException reset) {
                // Closed too.
            }
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }

    private static final int KEPT = 2_000;

    private final ServerSocket server;
    private final Script script;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    final AtomicInteger accepted = new AtomicInteger();
    final CopyOnWriteArrayList<Request> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger closedByCaller = new AtomicInteger();

    ScriptedVendor(Script script) throws IOException {
        this(new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress()), script);
    }

    /** @param server such as one of TLS */
    ScriptedVendor(ServerSocket server, Script script) {
        this.script = script;
        this.server = server;
        Thread.ofVirtual().start(this::accept);
    }

    URI baseUrl() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort() + "/v1");
    }

    int openConnections() {
        return open.size();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                accepted.incrementAndGet();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new java.io.BufferedInputStream(socket.getInputStream());
            Exchange exchange = new Exchange(socket, socket.getOutputStream());
            boolean more = true;
            while (more) {
                Request request = read(in);
                if (request == null) {
                    closedByCaller.incrementAndGet();
                    return;
                }
                if (requests.size() < KEPT) {
                    requests.add(request);
                }
                more = script.answer(request, exchange);
            }
        } catch (Exception closed) {
            // The caller's outcome is what the test looks at.
        } finally {
            open.remove(socket);
        }
    }

    private static Request read(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.append((char) b);
        }
        Request bare = new Request(head.toString(), new byte[0]);
        return new Request(head.toString(), in.readNBytes(Integer.parseInt(bare.header("Content-Length"))));
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
