package dev.signalbox.cli.edit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What an edit changes of a text, and that it changes nothing else. */
@Tag("issue-6")
class YamlEditTest {
    private static final String TEXT = """
            # ours
            pools:   # highest first
              high: { use_cases: [talks], reserve: 10% }   # the talks
              low:
                use_cases:
                  - otherwise
                priorities:
                  batch:
                    weight: 2  # was 1
                  # the rest
                  background: {}

            routes: {}
            """;

    @Test
    void aValueIsReplacedWhereItStands() {
        assertThat(YamlEdit.set(TEXT, List.of("pools", "high", "reserve"), "20%"))
                .isEqualTo(TEXT.replace("10%", "20%"));
        assertThat(YamlEdit.set(TEXT, List.of("pools", "low", "priorities", "batch", "weight"), "3.5"))
                .isEqualTo(TEXT.replace("weight: 2  #", "weight: 3.5  #"));
        assertThat(YamlEdit.set(TEXT, List.of("pools", "high", "use_cases"), "[a, b]"))
                .isEqualTo(TEXT.replace("[talks]", "[a, b]"));
    }

    @Test
    void whatIsMissingIsAddedInTheStyleOfWhereItGoes() {
        assertThat(YamlEdit.set(TEXT, List.of("pools", "high", "lends"), "idle"))
                .isEqualTo(TEXT.replace("10% }", "10%, lends: idle }"));
        assertThat(YamlEdit.set(TEXT, List.of("pools", "low", "priorities", "background", "floor"), "5%"))
                .isEqualTo(TEXT.replace("background: {}", "background: { floor: 5% }"));
        assertThat(YamlEdit.set(TEXT, List.of("pools", "low", "priorities", "standard", "weight"), "4"))
                .isEqualTo(TEXT.replace("background: {}\n",
                        "background: {}\n      standard: { weight: 4 }\n"));
        assertThat(YamlEdit.set(TEXT, List.of("pools", "low", "reserve"), "5%"))
                .isEqualTo(TEXT.replace("background: {}\n", "background: {}\n    reserve: 5%\n"));
        assertThat(YamlEdit.set("a: 1", List.of("b c"), "2")).isEqualTo("a: 1\n\"b c\": 2\n");
    }

    @Test
    void aBlockIsReplacedWhole() {
        assertThat(YamlEdit.list(TEXT, List.of("pools", "low", "use_cases"))).containsExactly("otherwise");
        assertThat(YamlEdit.set(TEXT, List.of("pools", "low", "use_cases"), "[x]"))
                .isEqualTo(TEXT.replace("use_cases:\n      - otherwise", "use_cases: [x]"));
    }

    @Test
    void signsBeyondSixteenBitsDoNotShiftIt() {
        assertThat(YamlEdit.set("# \ud83d\ude80\na: { b: 1 }\n", List.of("a", "b"), "2"))
                .isEqualTo("# \ud83d\ude80\na: { b: 2 }\n");
    }

    @Test
    void aWayThroughWhatIsNoMappingIsRefused() {
        assertThatThrownBy(() -> YamlEdit.set(TEXT, List.of("pools", "high", "reserve", "x"), "1"))
                .hasMessage("pools.high.reserve is no mapping with entries");
    }
}
