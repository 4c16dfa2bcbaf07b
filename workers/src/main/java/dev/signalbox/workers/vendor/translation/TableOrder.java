package dev.signalbox.workers.vendor.translation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Maps that keep the order in which they are written down. */
final class TableOrder {
    private TableOrder() {
    }

    /** @param pairs key, value, key, value, … */
    static Map<String, String> of(String... pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return Collections.unmodifiableMap(map);
    }
}
