package dev.signalbox.cli.usage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("issue-5")
class LatestOfKeysTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theLastRecordOfEachKeyIsTheLatestHoweverFullTheFilterIs(long seed) {
        Random random = new Random(seed);
        List<String> keys = new ArrayList<>();
        Map<String, Long> last = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            String key = "request-" + random.nextInt(15_000) + "/0.1.1.7";
            last.put(key, (long) keys.size());
            keys.add(key);
        }
        for (long expected : new long[]{keys.size(), keys.size() / 50, 0}) {
            LatestOfKeys latest = new LatestOfKeys(expected);
            for (int offset = 0; offset < keys.size(); offset++) {
                latest.saw(keys.get(offset), offset);
            }
            for (int offset = 0; offset < keys.size(); offset++) {
                assertThat(latest.isLatest(keys.get(offset), offset)).as("seed %d, offset %d", seed, offset)
                        .isEqualTo(last.get(keys.get(offset)) == offset);
            }
        }
    }
}
