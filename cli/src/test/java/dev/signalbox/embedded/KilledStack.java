package dev.signalbox.embedded;

import java.nio.file.Path;

/** A process that writes to a stack and then ends as kill -9 would end it: no shutdown hook, nothing flushed. */
final class KilledStack {
    static final int EXIT = 37;

    private KilledStack() {
    }

    public static void main(String[] args) throws Exception {
        EmbeddedStack stack = EmbeddedStack.start(Path.of(args[0]), EmbeddedOptions.defaults());
        EmbeddedStackIT.createTopic(stack, "kept");
        EmbeddedStackIT.send(stack, "kept", "before");
        EmbeddedStackIT.register(stack, "kept-value", "\\\"string\\\"");
        Runtime.getRuntime().halt(EXIT);
    }
}
