package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whether an older request of a line is parked: on its way, unread, or put off. */
@Tag("issue-7")
class ParkedLinesTest {
    private static final String LINE = ParkedLines.line("gpt", "acme");
    private static final TopicPartition FIRST = new TopicPartition("llm.retry.main.standard", 0);
    private static final TopicPartition SECOND = new TopicPartition("llm.retry.main.standard", 1);

    private final ParkedLines lines = new ParkedLines();

    @BeforeEach
    void owns() {
        lines.owned(Set.of(FIRST, SECOND));
    }

    private void publish(long enqueuedMillis, TopicPartition partition, long offset) {
        lines.hold(LINE, enqueuedMillis);
        lines.appended(LINE, enqueuedMillis, partition, offset);
    }

    @Test
    void who_is_on_the_way_has_the_younger_ones_of_its_line_behind_it() {
        lines.hold(LINE, 100);
        lines.hold(LINE, 100);
        assertThat(lines.isBehind(LINE, 101)).isTrue();
        assertThat(lines.isBehind(LINE, 100)).as("as old").isFalse();
        assertThat(lines.isBehind(ParkedLines.line("gpt", "other"), 101)).as("another tenant's").isFalse();
        assertThat(lines.isBehind(ParkedLines.line("claude", "acme"), 101)).as("on another route").isFalse();
        lines.release(LINE, 100);
        assertThat(lines.isBehind(LINE, 101)).as("there were two").isTrue();
        lines.release(LINE, 100);
        assertThat(lines.isBehind(LINE, 101)).isFalse();
    }

    @Test
    void who_is_unread_stands_before_others_until_its_partition_is_read_so_far() {
        publish(100, FIRST, 7);
        publish(300, FIRST, 8);
        publish(200, SECOND, 3);
        publish(250, FIRST, 9);
        lines.read(FIRST, 7);
        assertThat(lines.isBehind(LINE, 101)).isTrue();
        lines.read(FIRST, 8);
        assertThat(lines.isBehind(LINE, 200)).as("the oldest is read").isFalse();
        assertThat(lines.isBehind(LINE, 201)).isTrue();
        lines.read(SECOND, 4);
        assertThat(lines.isBehind(LINE, 250)).isFalse();
        assertThat(lines.isBehind(LINE, 251)).as("it stands behind a younger one").isTrue();
        lines.read(FIRST, 10);
        assertThat(lines.isBehind(LINE, Long.MAX_VALUE)).isFalse();
    }

    @Test
    void what_was_read_before_its_acknowledgement_came_is_not_unread() {
        lines.hold(LINE, 100);
        lines.read(FIRST, 8);
        lines.appended(LINE, 100, FIRST, 7);
        assertThat(lines.isBehind(LINE, 101)).isFalse();
    }

    @Test
    void nobody_waits_for_what_others_read() {
        publish(100, new TopicPartition("llm.retry.main.standard", 2), 0);
        assertThat(lines.isBehind(LINE, 101)).isFalse();
        publish(100, SECOND, 0);
        assertThat(lines.isBehind(LINE, 101)).isTrue();
        lines.owned(Set.of(FIRST));
        assertThat(lines.isBehind(LINE, 101)).as("it was given away").isFalse();
    }

    @Test
    void beyond_its_bounds_an_old_one_counts_until_what_came_later_is_read_and_further_lines_do_not() {
        for (int i = 0; i < 5_000; i++) {
            publish(i, FIRST, i);
        }
        lines.read(FIRST, 4_999);
        assertThat(lines.isBehind(LINE, 4_999)).isTrue();
        lines.read(FIRST, 5_000);
        assertThat(lines.isBehind(LINE, Long.MAX_VALUE)).isFalse();
        for (int i = 0; i < 10_001; i++) {
            lines.hold(ParkedLines.line("gpt", "t" + i), 1);
        }
        assertThat(lines.isBehind(ParkedLines.line("gpt", "t9998"), 2)).isTrue();
        assertThat(lines.isBehind(ParkedLines.line("gpt", "t10000"), 2)).isFalse();
    }

    @Test
    void a_line_tells_its_route() {
        assertThat(ParkedLines.route(ParkedLines.line("gpt", "a b"))).isEqualTo("gpt");
        assertThat(ParkedLines.route("")).isEmpty();
    }
}
