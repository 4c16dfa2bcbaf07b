package dev.signalbox.simulator.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Gathers a request's body up to a bound. */
final class BodyReader {
    private final int maxBytes;
    private @Nullable Buffer whole;
    private boolean tooLarge;

    private BodyReader(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Calls one of the two, once, when the request's last byte was read; neither if the connection ends before. */
    static void read(HttpServerRequest request, int maxBytes, Consumer<byte[]> body, Runnable tooLarge) {
        BodyReader reader = new BodyReader(maxBytes);
        request.handler(reader::part);
        request.exceptionHandler(gone -> reader.whole = null);
        request.endHandler(end -> {
            if (reader.tooLarge) {
                tooLarge.run();
            } else {
                body.accept(reader.whole == null ? new byte[0] : reader.whole.getBytes());
            }
        });
    }

    private void part(Buffer part) {
        if (tooLarge || (whole == null ? 0 : whole.length()) + part.length() > maxBytes) {
            tooLarge = true;
            whole = null;
        } else if (whole == null) {
            whole = part;
        } else {
            whole = whole.appendBuffer(part);
        }
    }
}
