package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Up to when a crowded retry topic must be read. */
@Tag("issue-7")
class ReadingOnTest {
    private static final TopicPartition ONE = new TopicPartition("retry", 1);
    private static final TopicPartition OTHER = new TopicPartition("retry", 2);

    private final ReadingOn readingOn = new ReadingOn();
    private final Set<String> open = new HashSet<>();

    private void look(long... atMillis) {
        for (long at : atMillis) {
            readingOn.look(open::contains, at);
        }
    }

    @Test
    void a_route_that_has_opened_and_stays_so_wants_what_was_there_by_then() {
        readingOn.read(ONE, 1_000, "r");
        open.add("r");
        look(2_000);
        assertThat(readingOn.isWanted(ONE)).as("it may be for a moment").isFalse();
        look(2_100);
        assertThat(readingOn.isWanted(ONE)).isTrue();
        assertThat(readingOn.isWanted(OTHER)).isTrue();
        readingOn.read(ONE, 2_099, "");
        assertThat(readingOn.isWanted(ONE)).isTrue();
        readingOn.read(ONE, 2_100, "");
        assertThat(readingOn.isWanted(ONE)).isFalse();
        look(2_200, 2_300);
        assertThat(readingOn.isWanted(ONE)).as("once for each opening").isFalse();
        open.clear();
        look(2_400);
        open.add("r");
        look(2_500, 2_600);
        assertThat(readingOn.isWanted(ONE)).isTrue();
    }

    @Test
    void who_is_kept_out_for_a_second_is_read_on_for_and_not_again_soon() {
        Set<TopicPartition> both = Set.of(ONE, OTHER);
        readingOn.read(ONE, 1_000, "r");
        readingOn.lookForUnread(true, true, both, 2_000);
        readingOn.lookForUnread(false, true, both, 2_500);
        readingOn.lookForUnread(true, true, both, 3_000);
        readingOn.lookForUnread(true, true, both, 3_999);
        assertThat(readingOn.isWanted(ONE)).as("not for a second").isFalse();
        readingOn.lookForUnread(true, false, both, 4_000);
        assertThat(readingOn.isWanted(ONE)).as("it is read anyway").isFalse();
        readingOn.lookForUnread(true, true, both, 4_100);
        assertThat(readingOn.isWanted(ONE)).isTrue();
        assertThat(readingOn.isWanted(OTHER)).isTrue();
        assertThat(readingOn.isExpected(ONE)).as("nobody comes now").isFalse();
        readingOn.read(ONE, 4_100, "r");
        assertThat(readingOn.isWanted(ONE)).isFalse();
        readingOn.lookForUnread(true, false, both, 4_600);
        assertThat(readingOn.isWanted(OTHER)).isTrue();
        readingOn.read(OTHER, 4_100, "r");
        readingOn.lookForUnread(true, true, both, 5_100);
        readingOn.read(ONE, 5_000, "r");
        readingOn.lookForUnread(true, true, both, 14_099);
        assertThat(readingOn.isWanted(ONE)).as("nine times as long").isFalse();
        readingOn.lookForUnread(true, true, both, 14_100);
        assertThat(readingOn.isWanted(ONE)).isTrue();
        readingOn.lookForUnread(false, true, both, 14_200);
        assertThat(readingOn.isWanted(ONE)).as("nobody is kept out").isFalse();
        readingOn.lookForUnread(true, true, both, 15_000);
        readingOn.lookForUnread(true, true, both, 16_200);
        assertThat(readingOn.isWanted(ONE)).as("two seconds at least").isTrue();
        readingOn.lookForUnread(true, true, both, 46_200);
        assertThat(readingOn.isWanted(ONE)).as("30 s at most").isFalse();
    }

    @Test
    void what_goes_to_the_end_while_its_route_is_open_again_already_is_wanted_too() {
        readingOn.read(ONE, 1_000, "r");
        open.add("r");
        look(2_000, 2_100);
        readingOn.read(ONE, 2_150, "");
        readingOn.parked("r");
        look(2_200);
        assertThat(readingOn.isWanted(ONE)).isFalse();
        look(2_300);
        assertThat(readingOn.isWanted(ONE)).isTrue();
    }

    @Test
    void a_retry_wants_what_was_there_when_it_was_published_a_quarter_of_a_second_before_its_time_at_most() {
        readingOn.expect(10_100, 1_000);
        readingOn.expect(10_240, 3_000);
        readingOn.expect(60_000, 9_000);
        look(9_999);
        assertThat(readingOn.isWanted(ONE)).isFalse();
        look(10_000);
        assertThat(readingOn.isWanted(ONE)).isTrue();
        readingOn.read(ONE, 2_900, "");
        assertThat(readingOn.isWanted(ONE)).isTrue();
        readingOn.read(ONE, 3_100, "");
        assertThat(readingOn.isWanted(ONE)).as("what is published and not appended yet is counted in").isFalse();
    }

    @Test
    void a_partition_without_records_is_read_as_soon_as_it_has_been_silent() {
        readingOn.expect(10_000, 9_900);
        look(10_000);
        readingOn.silent(List.of(ONE, OTHER), 10_000);
        readingOn.silent(List.of(ONE), 10_200);
        readingOn.silent(List.of(ONE, OTHER), 10_249);
        assertThat(readingOn.isWanted(ONE)).isTrue();
        readingOn.silent(List.of(ONE, OTHER), 10_250);
        assertThat(readingOn.isWanted(ONE)).isFalse();
        assertThat(readingOn.isWanted(OTHER)).as("it was not fetched from meanwhile").isTrue();
        readingOn.silent(List.of(ONE, OTHER), 10_499);
        assertThat(readingOn.isWanted(OTHER)).isFalse();
    }
}
