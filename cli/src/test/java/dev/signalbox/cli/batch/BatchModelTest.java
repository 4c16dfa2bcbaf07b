package dev.signalbox.cli.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.ServedBy;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The pure parts beside parser and journal. */
class BatchModelTest {
    @Test
    void theIdTableAgreesWithAMap() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        IdTable table = new IdTable();
        Map<String, Integer> model = new HashMap<>();
        for (int line = 1; line <= 20_000; line++) {
            String id = "id-" + random.nextInt(15_000);
            Integer earlier = model.putIfAbsent(id, line);
            assertThat(table.putIfAbsent(id, line)).as("seed %s", seed)
                    .isEqualTo(earlier == null ? OptionalInt.empty() : OptionalInt.of(earlier));
        }
        assertThat(table.size()).isEqualTo(model.size());
        model.forEach((id, line) -> assertThat(table.line(id)).hasValue(line));
        assertThat(table.line("absent")).isEmpty();
    }

    private static List<String> lines(String text, int maxBytes) {
        List<String> lines = new ArrayList<>();
        new LineReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), maxBytes).forEachRemaining(
                line -> lines.add(line.number() + ":" + new String(line.bytes(), StandardCharsets.UTF_8)
                        + (line.tooLong() ? "…" : "")));
        return lines;
    }

    @Test
    void linesKeepTheirNumbersAndLoseTheirEnds() {
        assertThat(lines("\uFEFFa\r\n\n  \nb\nc", 100)).containsExactly("1:a", "4:b", "5:c");
        assertThat(lines("", 100)).isEmpty();
        assertThat(lines("x".repeat(200_000) + "\ny\n", 10)).containsExactly("1:" + "x".repeat(10) + "…", "2:y");
        String longLine = "z".repeat(300_000);
        assertThat(lines(longLine + "\n" + longLine, 1 << 20)).containsExactly("1:" + longLine, "2:" + longLine);
    }

    @Test
    void requestIdsRepeatOnlyForTheSameRunLineAndRetry() {
        RequestIds run = new RequestIds("run-1");
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        String id = run.of("a", body, 0);
        assertThat(id).hasSizeLessThan(128).isEqualTo(new RequestIds("run-1").of("a", body, 0));
        assertThat(List.of(run.of("b", body, 0), run.of("a", "{ }".getBytes(StandardCharsets.UTF_8), 0),
                run.of("a", body, 1), new RequestIds("run-2").of("a", body, 0))).doesNotContain(id)
                .doesNotHaveDuplicates();
    }

    private static LlmReply reply(String deployment, String cost) {
        LlmReply reply = new LlmReply();
        reply.setRequestId("r");
        reply.setStatus(ReplyStatus.COMPLETED);
        reply.setAttempts(List.of());
        reply.setServedBy(new ServedBy(deployment, "v", null, "m", null));
        reply.setTimings(new ReplyTimings(1L, 20L, 30L));
        reply.setCost(new BigDecimal(cost));
        return reply;
    }

    @Test
    void theProgressLineFitsAndShowsTheLargestSharesFirst() {
        BatchStats stats = new BatchStats(10, 0);
        for (int i = 0; i < 4; i++) {
            stats.ended(reply(i == 0 ? "small/m" : "large/m", "0.01"), 1000 + i);
        }
        stats.failed("NO_REPLY", 2000);
        BatchStats.Snapshot now = stats.snapshot(2000);
        assertThat(ProgressLine.of(now, "USD", 200)).isEqualTo(
                "5/10  ok 4  failed 1  2.5/s  0 tokens  $0.0400  ETA 2.0 s  large/m 75 % · small/m 25 %");
        for (int width = 0; width < 100; width++) {
            assertThat(ProgressLine.of(now, "USD", width)).hasSizeLessThanOrEqualTo(width);
        }
        assertThat(Summary.of(now, "USD", 2, "o", "e")).anyMatch(line -> line.contains("1 (NO_REPLY 1)"));
    }

    @Test
    void theRateForgetsWhatIsLongPast() {
        RecentRate rate = new RecentRate(0);
        for (int i = 0; i < 1000; i++) {
            rate.count(i);
        }
        assertThat(rate.perSecond(1000)).isEqualTo(1000);
        assertThat(rate.perSecond(60_000)).isZero();
    }

    @Test
    void unknownCostIsNeverZero() {
        BatchStats stats = new BatchStats(1, 0);
        LlmReply reply = reply("d", "0");
        reply.setCost(null);
        reply.setAttempts(List.of(new dev.signalbox.schemas.avro.AttemptSummary()));
        stats.ended(reply, 1);
        assertThat(ProgressLine.cost(stats.snapshot(1), "USD")).isEqualTo("cost unknown");
    }
}
