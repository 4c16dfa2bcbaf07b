package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A request being translated: what there is of it, and what could not be carried. */
final class Draft {
    private static final int MAX_NAME = 40;

    /** What becomes of a value; it writes to the draft or leaves a reason there. */
    interface Carrier {
        void carry(JsonNode value, Draft draft);
    }

    /**
     * A row of the table of what is carried.
     *
     * @param member of the source
     * @param becomes for the documentation: where it goes, or why it does not
     */
    record Rule(String member, String becomes, Carrier carrier) {
    }

    final ObjectNode target = TranslationJson.MAPPER.createObjectNode();
    private final Set<String> reasons = new LinkedHashSet<>();

    void refuse(String reason) {
        reasons.add(reason);
    }

    boolean isRefused() {
        return !reasons.isEmpty();
    }

    List<String> reasons() {
        return List.copyOf(reasons);
    }

    /** Carries each member of an object by its rule; null says nothing in either language. */
    void carry(JsonNode source, List<Rule> rules) {
        source.properties().forEach(member -> {
            if (member.getValue().isNull()) {
                return;
            }
            rules.stream().filter(rule -> rule.member().equals(member.getKey())).findFirst().ifPresentOrElse(
                    rule -> rule.carrier().carry(member.getValue(), this),
                    () -> refuse("no counterpart of `" + name(member.getKey()) + "`"));
        });
    }

    /** A name made fit for a reason, which may be logged: the caller wrote it, so only a plain one is shown. */
    static String name(String name) {
        return name.length() <= MAX_NAME && name.matches("[A-Za-z0-9_.-]+") ? name.toLowerCase(Locale.ROOT) : "…";
    }

    static Rule to(String member, String target) {
        return new Rule(member, "`" + target + "`", (value, draft) -> draft.target.set(target, value));
    }

    static Rule drop(String member, String why) {
        return new Rule(member, why, (value, draft) -> {
        });
    }

    /** Members without a counterpart that mean nothing at their default. */
    static Rule onlyDefault(String member, String shown, java.util.function.Predicate<JsonNode> isDefault) {
        return new Rule(member, "nothing if " + shown + "; else not carried", (value, draft) -> {
            if (!isDefault.test(value)) {
                draft.refuse("no counterpart of `" + member + "`");
            }
        });
    }
}
