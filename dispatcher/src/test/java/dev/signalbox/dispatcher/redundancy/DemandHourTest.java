package dev.signalbox.dispatcher.redundancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.DeploymentState;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class DemandHourTest {
    private static DemandSums requests(long count) {
        return new DemandSums(count, 0, 0, 0);
    }

    @Test
    void sumsOfAMinuteAddUpInAnyOrderAndTheHighestMinuteCounts() {
        DemandHour hour = DemandHour.EMPTY.plus(100, requests(5)).plus(102, requests(1)).plus(100, requests(5))
                .plus(101, new DemandSums(2, 300, 40, 60_000));
        assertThat(hour.highest()).isEqualTo(new DemandSums(10, 300, 40, 60_000));
    }

    @Test
    void minutesThatAreOverLeaveTheirPeakAndWhatComesTooLateIsLeftOut() {
        DemandHour hour = DemandHour.EMPTY.plus(100, requests(9)).plus(108, requests(1));
        assertThat(hour.open()).containsOnlyKeys(108L);
        assertThat(hour.plus(101, requests(50))).isEqualTo(hour);
        assertThat(hour.highest().requests()).isEqualTo(9);
    }

    @Test
    void storedFormsReadBack() {
        DemandHour hour = DemandHour.EMPTY.plus(100, requests(9)).plus(108, requests(1));
        assertThat(DemandHour.serde().deserializer().deserialize("t",
                DemandHour.serde().serializer().serialize("t", hour))).isEqualTo(hour);
        for (FleetNews news : List.of(new FleetNews.Health(DeploymentState.EJECTED, 7, "why", "MODEL", null),
                new FleetNews.Forgotten(), new FleetNews.Demand("m/prod/otherwise", "main", 5, requests(3)),
                new FleetNews.Unreadable(4))) {
            assertThat(FleetNewsSerde.read(FleetNewsSerde.write(news))).isEqualTo(news);
        }
    }
}
