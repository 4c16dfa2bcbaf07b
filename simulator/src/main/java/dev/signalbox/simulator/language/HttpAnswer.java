package dev.signalbox.simulator.language;

import java.util.List;

/** A whole HTTP response. The body is not copied. */
public record HttpAnswer(int status, List<Header> headers, byte[] body) {
    public record Header(String name, String value) {
    }
}
