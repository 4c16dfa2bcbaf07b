package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.RawClient.End;
import dev.signalbox.simulator.RawClient.Exchange;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.profile.ModelProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The tables of {@code docs/simulator.md}: each fault can be read, each scenario's fault does what the scenario says. */
@Tag("issue-3")
class DocumentedFaultsTest {
    private static final Path PAGE = Path.of(System.getProperty("signalbox.root", ".."), "docs", "simulator.md");
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
    private static final Pattern SCENARIO = Pattern.compile("S\\d\\d");
    private static final int QUIET_MILLIS = 300;

    /** What two calls in a row come to, as words of {@link #seen}. */
    private static final Map<String, String> BEHAVIOUR = Map.ofEntries(
            Map.entry("S01", "429 after 2 s, whole"), Map.entry("S02", "429, 429"), Map.entry("S03", "500, whole"),
            Map.entry("S04", "overloaded, overloaded"), Map.entry("S05", "nothing RST, whole"),
            Map.entry("S06", "nothing STILL_OPEN, nothing STILL_OPEN"),
            Map.entry("S07", "0 tokens STILL_OPEN, 0 tokens STILL_OPEN"),
            Map.entry("S08", "40 tokens FIN, 40 tokens FIN"),
            Map.entry("S09", "20 tokens STILL_OPEN, 20 tokens STILL_OPEN"),
            Map.entry("S10", "60 tokens malformed, 60 tokens malformed"),
            Map.entry("S11", "60 tokens unmarked, 60 tokens unmarked"), Map.entry("S12", "400, 400"),
            Map.entry("S13", "400, 400"), Map.entry("S14", "40 tokens FIN, 40 tokens FIN"),
            Map.entry("S15", "nothing RST, nothing RST"), Map.entry("S16", "overloaded, overloaded"));

    /** Rows of the table with that first heading. */
    private static List<String[]> table(String heading) throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        int start = IntStream.range(0, lines.size()).filter(i -> lines.get(i).startsWith("| " + heading + " |"))
                .findFirst().orElseThrow();
        return lines.stream().skip(start + 2).takeWhile(line -> line.startsWith("|"))
                .map(line -> line.substring(1, line.length() - 1).split("\\|(?=[^`]*(?:`[^`]*`[^`]*)*$)", -1)).toList();
    }

    private static List<String> quoted(String cell) {
        return QUOTED.matcher(cell).results().map(match -> match.group(1)).toList();
    }

    /** The first fault text of each scenario. */
    private static Map<String, String> scenarios() throws IOException {
        Map<String, String> faults = new TreeMap<>();
        for (String[] row : table("scenario")) {
            String[] names = row[0].split("/", -1);
            String[] texts = row[1].split("/", -1);
            assertThat(texts).as(row[0]).hasSameSizeAs(names);
            for (int i = 0; i < names.length; i++) {
                String fault = quoted(texts[i]).getFirst();
                Matcher name = SCENARIO.matcher(names[i]);
                while (name.find()) {
                    assertThat(faults.put(name.group(), fault)).as(name.group()).isNull();
                }
            }
        }
        return faults;
    }

    @Test
    void every_fault_of_the_page_can_be_read_and_every_error_is_on_the_page() throws IOException {
        List<String> names = new ArrayList<>();
        for (String[] row : table("fault")) {
            for (String form : quoted(row[0])) {
                String full = form.replaceAll("[\\[\\]\\\\]", "").replace("fin|rst", "rst")
                        .replace(":N", ":7").replace("ERROR", "overloaded").replace("TYPE", "text/plain")
                        .replace("REASON", "length").replace("status:7", "status:418");
                assertThat(FaultRule.parse("v", "m", full).fault()).as(form).isNotNull();
                assertThat(FaultRule.parse("v", "m", form.replaceAll("\\[.*", "").replace(":N", ":7")
                        .replace("REASON", "length").replace("status:7", "status:418")).fault()).isNotNull();
                names.add(form.replaceAll("[:\\[].*", ""));
            }
        }
        assertThat(names).doesNotHaveDuplicates();
        for (ErrorKind kind : ErrorKind.values()) {
            assertThat(names).contains(kind.name().toLowerCase(Locale.ROOT));
        }
    }

    @ParameterizedTest
    @EnumSource(Family.class)
    void every_scenarios_fault_does_what_the_scenario_says(Family family) throws IOException {
        Map<String, String> faults = scenarios();
        assertThat(faults.keySet()).containsExactlyInAnyOrderElementsOf(BEHAVIOUR.keySet());
        try (Simulator simulator = Simulator.start(SimulatorOptions.of(family.profile(ModelProfile.ZERO_LATENCY)))) {
            for (Map.Entry<String, String> fault : faults.entrySet()) {
                simulator.reset();
                simulator.setFaults(List.of(FaultRule.parse("*", "*", fault.getValue())));
                String body = family.chat(fault.getKey(), true);
                String first = seen(family, family.post(simulator, body, QUIET_MILLIS, "connection: close"));
                String second = seen(family, family.post(simulator, body, QUIET_MILLIS, "connection: close"));
                assertThat(first + ", " + second).as(fault.toString()).isEqualTo(BEHAVIOUR.get(fault.getKey()));
            }
        }
    }

    private static String seen(Family family, Exchange answer) {
        String status = answer.statusLine().replaceAll("HTTP/1.1 (\\d+) .*", "$1");
        if (!status.isEmpty() && !status.equals("200")) {
            boolean overloaded = status.equals(family.of("503", "529")) && answer.body().contains("overloaded");
            return (overloaded ? "overloaded" : status)
                    + (answer.text().contains("retry-after: 2\r\n") ? " after 2 s" : "");
        }
        String tokens = answer.text().isEmpty() ? "nothing" : answer.tokens() + " tokens";
        if (!answer.text().contains(family.finish)) {
            return tokens + " " + answer.end();
        }
        assertThat(answer.end()).isEqualTo(End.FIN);
        return !answer.text().contains(family.endMarker)
                ? tokens + " unmarked"
                : answer.text().contains("\":\"\n\n") ? tokens + " malformed" : "whole";
    }
}
