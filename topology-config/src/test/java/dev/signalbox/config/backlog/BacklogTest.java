package dev.signalbox.config.backlog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.DemandPeak;
import dev.signalbox.schemas.avro.RouteStanding;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-7")
class BacklogTest {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.BATCH);

    @Test
    void partitionsAddUpAndEachIsTakenToBeAsItsBeginning() {
        Waiting waiting = new Waiting(LANE);
        waiting.add(1_000, new Waiting.Beginning(OptionalLong.of(500), 50, Map.of("a", 40, "b", 10)));
        waiting.add(100, new Waiting.Beginning(OptionalLong.of(300), 4, Map.of("b", 2)));
        waiting.add(7, Waiting.Beginning.NOTHING);
        waiting.add(0, new Waiting.Beginning(OptionalLong.of(1), 1, Map.of("a", 1)));

        LaneBacklog sum = waiting.sum();

        assertThat(sum.requests()).isEqualTo(1_107);
        assertThat(sum.firstEnqueuedMillis()).hasValue(300);
        assertThat(sum.byRoute()).isEqualTo(Map.of("a", 800.0, "b", 250.0));
        Backlog backlog = new Backlog(Map.of(LANE, sum), 2_800);
        assertThat(backlog.oldestAgeSeconds(sum)).isEqualTo(2.5);
    }

    @Test
    void aRecordThatWasPublishedAgainIsAsOldAsItsFirstOne() {
        assertThat(BeginningReader.firstEnqueuedMillis(appended(9_000, ""))).isEqualTo(9_000);
        assertThat(BeginningReader.firstEnqueuedMillis(appended(9_000, "1234"))).isEqualTo(1_234);
        assertThat(BeginningReader.firstEnqueuedMillis(appended(9_000, "9001"))).isEqualTo(9_000);
        assertThat(BeginningReader.firstEnqueuedMillis(appended(9_000, "-1"))).isEqualTo(9_000);
    }

    private static ConsumerRecord<byte[], byte[]> appended(long millis, String firstEnqueued) {
        RecordHeaders headers = new RecordHeaders();
        if (!firstEnqueued.isEmpty()) {
            headers.add(Headers.FIRST_ENQUEUED, firstEnqueued.getBytes(StandardCharsets.UTF_8));
        }
        return new ConsumerRecord<>(LANE.retryTopic(), 0, 0, millis, TimestampType.LOG_APPEND_TIME, 0, 0, new byte[0],
                new byte[0], headers, Optional.empty());
    }

    @Test
    void nothingThatWaitsHasNoAgeAndKeepsNobodyBusy() {
        LaneBacklog nothing = new Waiting(LANE).sum();

        assertThat(new Backlog(Map.of(LANE, nothing), 9_000).oldestAgeSeconds(nothing)).isZero();
        assertThat(new ServingRates(Stream.of()).seconds(nothing)).map(ServingRates.Slowest::seconds).hasValue(0.0);
    }

    @Test
    void theSlowestRouteSaysForHowLongVendorsAreBusy() {
        ServingRates rates = new ServingRates(Stream.of(standing("quick", null, 3.0, 1_200, 2_400),
                standing("slow", null, 0.5, 60, 120), standing("slow", "a-tenant", 9.0, 60, 120)));
        LaneBacklog waiting = new LaneBacklog(LANE, 1_150, OptionalLong.of(1),
                Map.of("quick", 1_000.0, "slow", 100.0, "unheard-of", 50.0));

        assertThat(rates.perSecond("quick", LANE.pool())).hasValue(120);
        assertThat(rates.perSecond("slow", LANE.pool())).as("of every tenant without a rule of its own").hasValue(1);
        assertThat(rates.perSecond("quick", new PoolName("other"))).isEmpty();
        assertThat(rates.seconds(waiting)).hasValue(new ServingRates.Slowest("slow", 100));
    }

    @Test
    void aRouteOfWhichNothingIsInUseTakesForEverAndOneWithoutLimitsIsUnknown() {
        ServingRates rates = new ServingRates(
                Stream.of(standing("down", null, 0.0, 60), standing("unlimited", null, null, 60),
                        standing("never-called", null, null)));

        assertThat(rates.seconds(new LaneBacklog(LANE, 3, OptionalLong.of(1), Map.of("down", 3.0))))
                .map(ServingRates.Slowest::seconds).hasValue(Double.POSITIVE_INFINITY);
        assertThat(rates.seconds(new LaneBacklog(LANE, 3, OptionalLong.of(1), Map.of("unlimited", 3.0)))).isEmpty();
        assertThat(rates.seconds(new LaneBacklog(LANE, 3, OptionalLong.of(1), Map.of("never-called", 3.0))))
                .isEmpty();
    }

    /** @param peaks requests per minute, the shortest window first */
    private static RouteStanding standing(String route, @Nullable String tenant, @Nullable Double headroom,
            double... peaks) {
        List<DemandPeak> told = new ArrayList<>();
        for (double requests : peaks) {
            told.add(new DemandPeak(told.isEmpty() ? 7 : 28, requests, 0.0, 0.0, 1.0));
        }
        return RouteStanding.newBuilder().setRoute(route).setPool("main").setTenant(tenant).setAsOfMillis(1L)
                .setIsolated(true).setHeadroom(headroom).setWantedHeadroom(2.0).setPeaks(told).build();
    }
}
