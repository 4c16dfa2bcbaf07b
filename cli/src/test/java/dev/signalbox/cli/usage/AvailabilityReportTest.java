package dev.signalbox.cli.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.UseCase;
import dev.signalbox.config.UseCase.Objective;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class AvailabilityReportTest {
    private static final Instant NOW = Instant.parse("2026-11-21T20:15:00Z");
    private static final Map<String, UseCase> USE_CASES = Map.of("chat",
            new UseCase("chat", Optional.empty(), Optional.of(new Objective(0.99, Duration.ofDays(7)))), "quiet",
            new UseCase("quiet", Optional.empty(), Optional.of(new Objective(0.9, Duration.ofDays(1)))), "plain",
            new UseCase("plain", Optional.empty(), Optional.empty()));

    private static AvailabilityRecord hour(String useCase, String environment, Duration ago, long inTime, long failed) {
        long from = NOW.minus(ago).toEpochMilli() / 3_600_000 * 3_600_000;
        return new AvailabilityRecord(from, from + 3_600_000, environment, useCase, inTime + failed, inTime, 0L, 0L,
                0L, failed);
    }

    @Test
    void eachUseCaseIsJudgedOverItsOwnWindow() {
        AvailabilityReport report = AvailabilityReport.of(List.of(hour("chat", "test", Duration.ZERO, 995, 5),
                hour("chat", "test", Duration.ofDays(7).minusMinutes(10), 999, 1),
                hour("chat", "test", Duration.ofDays(8), 0, 1_000), hour("chat", "other", Duration.ZERO, 0, 1_000),
                hour("unlisted", "test", Duration.ofDays(8), 3, 1)), USE_CASES, "test", NOW);

        assertThat(report.lines()).extracting(AvailabilityReport.Line::useCase).containsExactly("chat", "quiet",
                "unlisted");
        AvailabilityReport.Line chat = report.lines().getFirst();
        assertThat(chat.accepted()).isEqualTo(2_000);
        assertThat(chat.availability().orElseThrow()).isEqualTo(0.997);
        assertThat(chat.budgetLeft().orElseThrow()).isCloseTo(0.7, Offset.offset(1e-9));
        assertThat(report.lines().get(1).availability()).as("no request: not known, not 100 %").isEmpty();
        assertThat(report.lines().get(1).budgetLeft()).isEmpty();
        assertThat(report.lines().get(2).budgetLeft()).as("nothing promised").isEmpty();
        assertThat(report.lines().get(2).availability().orElseThrow()).isEqualTo(0.75);
    }
}
