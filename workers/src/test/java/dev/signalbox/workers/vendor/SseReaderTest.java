package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SseReaderTest {
    /** Everything the format allows, in one stream. */
    private static final String ALL = "\uFEFFdata: first\n\ndata:second\r\n\r\ndata:  third\r\r: comment\n\n"
            + "event: error\ndata: a\ndata\ndata: b\n\nid: 1\nretry: 5\ndatax: no\ndata: ö😀\n\n\n\nevent: lonely\n\n"
            + ":\ndata: last\n\n";
    private static final List<String> EVENTS = List.of("|first", "|second", "| third", ":", "error|a\n\nb", "|ö😀", ":",
            "|last");

    private static final class Log implements SseReader.Listener {
        final List<String> read = new ArrayList<>();

        @Override
        public void event(String type, byte[] data, int offset, int length) {
            read.add(type + "|" + new String(data, offset, length, StandardCharsets.UTF_8));
        }

        @Override
        public void comment() {
            read.add(":");
        }
    }

    @Test
    void readsEveryFormWhole() {
        Log log = new Log();
        byte[] bytes = ALL.getBytes(StandardCharsets.UTF_8);
        assertThat(new SseReader(1_000, 1_000, log).feed(bytes, 0, bytes.length)).isTrue();
        assertThat(log.read).isEqualTo(EVENTS);
    }

    @Test
    void readsEveryFormHoweverItIsCut() {
        byte[] bytes = ALL.getBytes(StandardCharsets.UTF_8);
        for (int first = 0; first <= bytes.length; first++) {
            for (int second = first; second <= bytes.length; second++) {
                Log log = new Log();
                SseReader reader = new SseReader(1_000, 1_000, log);
                reader.feed(bytes, 0, first);
                reader.feed(bytes, first, second - first);
                reader.feed(bytes, second, bytes.length - second);
                assertThat(log.read).as("cut at %d and %d", first, second).isEqualTo(EVENTS);
            }
        }
    }

    @Test
    void readsByteByByte() {
        byte[] bytes = ALL.getBytes(StandardCharsets.UTF_8);
        Log log = new Log();
        SseReader reader = new SseReader(1_000, 1_000, log);
        for (int i = 0; i < bytes.length; i++) {
            reader.feed(bytes, i, 1);
        }
        assertThat(log.read).isEqualTo(EVENTS);
    }

    @Test
    void anEventWithoutItsBlankLineIsReadAtTheEndInGoodOrderOnly() {
        for (String ending : List.of("data: x", "data: x\n", "data: x\r\n")) {
            Log log = new Log();
            SseReader reader = new SseReader(1_000, 1_000, log);
            byte[] bytes = ending.getBytes(StandardCharsets.UTF_8);
            reader.feed(bytes, 0, bytes.length);
            assertThat(log.read).isEmpty();
            reader.end();
            assertThat(log.read).containsExactly("|x");
        }
    }

    @Test
    void linesAndEventsAreBounded() {
        byte[] line = "data: 0123456789\n".getBytes(StandardCharsets.UTF_8);
        assertThat(new SseReader(15, 100, new Log()).feed(line, 0, line.length)).isFalse();
        assertThat(new SseReader(16, 9, new Log()).feed(line, 0, line.length)).isFalse();
        SseReader reader = new SseReader(16, 30, new Log());
        assertThat(reader.feed(line, 0, line.length)).isTrue();
        assertThat(reader.feed(line, 0, line.length)).isTrue();
        assertThat(reader.feed(line, 0, line.length)).isFalse();
        assertThat(reader.feed(new byte[]{'\n'}, 0, 1)).isFalse();
    }

    @Test
    void anyBytesAreReadWithoutHarm() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] letters = "data: event\n\r\n\n:\u00ff".getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 20_000; round++) {
            SseReader reader = new SseReader(64, 64, new Log());
            byte[] bytes = new byte[random.nextInt(200)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = letters[random.nextInt(letters.length)];
            }
            reader.feed(bytes, 0, bytes.length);
            reader.end();
        }
    }
}
