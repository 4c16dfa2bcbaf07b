package dev.signalbox.cli;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Amounts.Kind;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.CapacityGrant;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/** What workers borrow of other pools' capacity, by the last grants. */
final class Borrowed {
    private Borrowed() {
    }

    /** For a person: such as {@code openai.eu/m: 3 calls of conversation-serving}; who borrows nothing is left out. */
    static Map<String, String> byWorker(Collection<CapacityGrant> grants, PoolName pool) {
        Map<String, StringJoiner> words = new TreeMap<>();
        for (CapacityGrant grant : grants) {
            grant.getPools().stream().filter(granted -> granted.getPool().equals(pool.value()))
                    .forEach(granted -> new TreeMap<>(granted.getBorrowed()).forEach((lender, amounts) -> {
                        String what = amounts(Amounts.of(amounts));
                        if (!what.isEmpty()) {
                            words.computeIfAbsent(grant.getWorker(), worker -> new StringJoiner("; "))
                                    .add(grant.getDeployment() + ": " + what + " of " + lender);
                        }
                    }));
        }
        Map<String, String> told = new TreeMap<>();
        words.forEach((worker, all) -> told.put(worker, all.toString()));
        return told;
    }

    private static String amounts(Amounts amounts) {
        StringJoiner words = new StringJoiner(", ");
        for (Kind kind : Kind.values()) {
            if (amounts.of(kind) > 0) {
                words.add(amounts.of(kind) + " " + kind.name().toLowerCase(Locale.ROOT).replace('_', ' ')
                        + (kind == Kind.CALLS ? "" : " a minute"));
            }
        }
        return words.toString();
    }
}
