package dev.signalbox.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** A process that writes to a stack, is the member of a group that reads it, and then ends as kill -9 would end it: no shutdown hook, nothing flushed. */
final class KilledStack {
    static final int EXIT = 37;

    private KilledStack() {
    }

    public static void main(String[] args) throws Exception {
        EmbeddedStack stack = EmbeddedStack.start(Path.of(args[0]), EmbeddedOptions.defaults());
        EmbeddedStackIT.createTopic(stack, "kept");
        EmbeddedStackIT.send(stack, "kept", "before");
        EmbeddedStackIT.register(stack, "kept-value", "\\\"string\\\"");
        KafkaConsumer<String, String> member = EmbeddedStackIT.member(stack);
        member.subscribe(List.of("kept"));
        while (member.assignment().isEmpty()) {
            member.poll(Duration.ofMillis(100));
        }
        Runtime.getRuntime().halt(EXIT);
    }
}
