package dev.signalbox.system.processes;

import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.simulator.meter.Bill;
import dev.signalbox.simulator.meter.CallRecord;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Usage records beside the vendors' own log, call by call: those of one request at one vendor are the same calls, each told as
 * it was charged. What a worker's death left unpaired is whatever call of that request is left over.
 */
final class BillCheck {
    private static final String UNPAIRED = "UNPAIRED";

    private final List<String> unlike = new ArrayList<>();
    private final List<CallRecord> unheard = new ArrayList<>();
    private final Set<String> priceVersions = new TreeSet<>();
    private final int calls;
    private Bill told = Bill.NOTHING;
    private Bill charged = Bill.NOTHING;
    private long estimatedInput;
    private long estimatedOutput;
    private BigDecimal cost = BigDecimal.ZERO;
    private int unpaired;
    private int lost;
    private final List<UsageRecord> neverMade = new ArrayList<>();
    /** Calls that no vendor saw, and that are charged with nothing: no connection was made in time. */
    private int unreached;

    BillCheck(Collection<UsageRecord> usage, Collection<CallRecord> vendors) {
        calls = usage.size();
        Map<String, List<UsageRecord>> said = new HashMap<>();
        usage.forEach(record -> said.computeIfAbsent(record.getRequestId() + " at " + record.getVendor(),
                key -> new ArrayList<>()).add(record));
        Map<String, List<CallRecord>> made = new HashMap<>();
        vendors.forEach(call -> made.computeIfAbsent(call.requestId() + " at " + call.vendor(),
                key -> new ArrayList<>()).add(call));
        Set<String> all = new TreeSet<>(said.keySet());
        all.addAll(made.keySet());
        all.forEach(key -> compare(key, said.getOrDefault(key, List.of()), made.getOrDefault(key, List.of())));
    }

    private void compare(String key, List<UsageRecord> said, List<CallRecord> made) {
        List<CallRecord> left = new ArrayList<>(made);
        List<UsageRecord> open = new ArrayList<>();
        for (UsageRecord record : said) {
            if (record.getOutcome().equals(UNPAIRED)) {
                open.add(record);
                unpaired++;
                continue;
            }
            priceVersions.add(String.valueOf(record.getPriceVersion()));
            int at = 0;
            while (at < left.size() && !isSame(record, left.get(at).bill())) {
                at++;
            }
            if (at == left.size() && record.getUsage() == null) {
                unreached++;
                continue;
            }
            if (at == left.size()) {
                unlike.add(key + ": " + record.getOutcome() + " " + record.getUsage() + " is none of " + made);
                continue;
            }
            add(record, left.remove(at).bill());
        }
        lost += left.size();
        open.sort(Comparator.comparing(UsageRecord::getStartedMillis));
        for (int i = left.size(); i < open.size(); i++) {
            neverMade.add(open.get(i));
        }
        for (int i = open.size(); i < left.size(); i++) {
            unheard.add(left.get(i));
        }
    }

    /** To the token where the vendor told it; a cut one is a cut one, whatever was guessed. */
    private static boolean isSame(UsageRecord record, Bill bill) {
        TokenUsage usage = record.getUsage();
        if (usage == null) {
            return bill.equals(Bill.NOTHING);
        }
        return usage.getEstimated()
                ? bill.cuts() == 1
                : bill.answers() == 1 && usage.getInputTokens() == bill.inputTokens()
                        && usage.getOutputTokens() == bill.outputTokens();
    }

    private void add(UsageRecord record, Bill bill) {
        charged = charged.plus(bill);
        TokenUsage usage = record.getUsage();
        if (usage == null) {
            return;
        }
        if (usage.getEstimated()) {
            estimatedInput += usage.getInputTokens();
            estimatedOutput += usage.getOutputTokens();
        } else {
            told = told.plus(new Bill(1, usage.getInputTokens(), usage.getOutputTokens(), 0, 0, 0));
            cost = cost.add(record.getCost() == null ? BigDecimal.ZERO : record.getCost());
        }
    }

    /** Calls with a usage record. */
    int calls() {
        return calls;
    }

    List<String> unlike() {
        return unlike;
    }

    /** What usage records say that vendors told. */
    Bill told() {
        return told;
    }

    /** What vendors told in the calls that usage records have the end of. */
    Bill charged() {
        return new Bill(charged.answers(), charged.inputTokens(), charged.outputTokens(), 0, 0, 0);
    }

    long estimatedInput() {
        return estimatedInput;
    }

    long estimatedOutput() {
        return estimatedOutput;
    }

    long cutInput() {
        return charged.cutInputTokens();
    }

    long cutOutput() {
        return charged.cutOutputTokens();
    }

    /** Of what vendors told. */
    BigDecimal cost() {
        return cost;
    }

    Set<String> priceVersions() {
        return priceVersions;
    }

    /** Calls that usage lists as unpaired. */
    int unpaired() {
        return unpaired;
    }

    /** Calls that vendors saw and no worker told the end of. */
    int lost() {
        return lost;
    }

    /** Of these, those without any usage record. */
    List<CallRecord> unheard() {
        return unheard;
    }

    /** Unpaired calls that no vendor saw: their worker died when it had told of them and not yet made them. */
    List<UsageRecord> neverMade() {
        return neverMade;
    }

    String inWords() {
        return String.format(Locale.ROOT,
                "usage: %,d calls; told by vendors %,d in, %,d out (charged %,d, %,d), cost %s;"
                        + " %,d cut: %,d in, %,d out estimated, %,d, %,d charged (%+.1f %%); %d unpaired, %d lost by the vendors'"
                        + " log, %d of them unheard of, %d never made; %d unreached; %d told differently, such as %s",
                calls, told.inputTokens(),
                told.outputTokens(), charged.inputTokens(), charged.outputTokens(), cost, charged.cuts(),
                estimatedInput, estimatedOutput, cutInput(), cutOutput(),
                100.0 * (estimatedInput + estimatedOutput - cutInput() - cutOutput())
                        / Math.max(1, cutInput() + cutOutput()),
                unpaired, lost, unheard.size(), neverMade.size(), unreached, unlike.size(),
                unlike.stream().limit(3).toList());
    }
}
