package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FleetTimeTest {
    private final AtomicLong monotonic = new AtomicLong(5_000);
    private final FleetTime time = new FleetTime(monotonic::get);

    @Test
    void itIsNotKnownBeforeTheFirstRecord() {
        assertThat(time.nowMillis()).isEmpty();
    }

    @Test
    void itGoesOnFromTheLatestAppendTime() {
        time.observe(1_000_000);
        monotonic.addAndGet(300);
        assertThat(time.nowMillis()).hasValue(1_000_300);
    }

    @Test
    void aRecordThatWasLongUnreadDoesNotSetItBack() {
        time.observe(1_000_000);
        monotonic.addAndGet(300);
        time.observe(900_000);
        assertThat(time.nowMillis()).hasValue(1_000_300);
        time.observe(1_000_400);
        assertThat(time.nowMillis()).hasValue(1_000_400);
    }
}
