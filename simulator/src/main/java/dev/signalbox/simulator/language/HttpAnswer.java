package dev.signalbox.simulator.language;

import java.util.List;

/** A whole HTTP response. The body is not copied. */
public record HttpAnswer(int status, List<Header> headers, byte[] body) {
    public HttpAnswer withStatus(int other) {
        return new HttpAnswer(other, headers, body);
    }

    public record Header(String name, String value) {
    }
}
