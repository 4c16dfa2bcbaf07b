package dev.signalbox.workers.vendor.translation;

import java.util.List;

/** What became of a request on its way into another language. */
public sealed interface Translated {
    /** @param body the request in the target's language; its {@code model} is still the caller's */
    record Carried(byte[] body) implements Translated {
    }

    /** @param reasons why not, at least one, each for a person; they name members and types, never content */
    record Untranslatable(List<String> reasons) implements Translated {
        public Untranslatable {
            reasons = List.copyOf(reasons);
        }
    }
}
