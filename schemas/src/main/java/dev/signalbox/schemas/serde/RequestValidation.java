package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.Experiment;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.PromptTemplate;
import dev.signalbox.schemas.avro.ResidencyRule;
import dev.signalbox.schemas.claim.ClaimStores;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules that every request keeps, whoever sent it: the producer checks them before it sends, the worker before it dispatches. */
public final class RequestValidation {
    /** Longest id, in characters. */
    public static final int MAX_ID = 128;
    /** Longest name (model, use case, tenant, ...), in characters. */
    public static final int MAX_NAME = 256;
    /** Most labels. */
    public static final int MAX_LABELS = 16;
    /** Longest label key or value, in characters. */
    public static final int MAX_LABEL = 256;
    /** Most entries of each residency list. */
    public static final int MAX_RESIDENCY = 64;
    /** Longest time to live. */
    public static final Duration MAX_TIME_TO_LIVE = Duration.ofDays(30);
    private static final ByteBuffer EMPTY_BODY = ByteBuffer.wrap(new byte[]{'{', '}'}).asReadOnlyBuffer();
    private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    private RequestValidation() {
    }

    /** All faults, each {@code field: what is wrong}, free of content; empty if the request is good. */
    public static List<String> faults(LlmRequest request) {
        List<String> faults = envelopeFaults(request);
        JsonScan.objectFault(request.getBody()).ifPresent(fault -> faults.add("body: " + fault));
        return faults;
    }

    /** What is wrong with an id by itself; empty if a request can have it. */
    public static List<String> idFaults(String id) {
        List<String> faults = new ArrayList<>(0);
        id(faults, "id", id);
        return faults;
    }

    /** Those of all fields but the body, for a request whose body was scanned while it was parsed. */
    static List<String> envelopeFaults(LlmRequest request) {
        List<String> faults = new ArrayList<>(0);
        id(faults, "id", request.getId());
        id(faults, "replayOf", request.getReplayOf());
        name(faults, "model", request.getModel());
        name(faults, "useCase", request.getUseCase());
        name(faults, "tenant", request.getTenant());
        name(faults, "department", request.getDepartment());
        topic(faults, "replyTopic", request.getReplyTopic());
        topic(faults, "tokensTopic", request.getTokensTopic());
        Long timeToLive = request.getTimeToLiveMillis();
        if (timeToLive != null && (timeToLive <= 0 || timeToLive > MAX_TIME_TO_LIVE.toMillis())) {
            faults.add("timeToLiveMillis: must be from 1 to " + MAX_TIME_TO_LIVE.toMillis());
        }
        PromptTemplate template = request.getPromptTemplate();
        if (template != null) {
            name(faults, "promptTemplate.id", template.getId());
            name(faults, "promptTemplate.version", template.getVersion());
            name(faults, "promptTemplate.variablesHash", template.getVariablesHash());
        }
        Experiment experiment = request.getExperiment();
        if (experiment != null) {
            name(faults, "experiment.id", experiment.getId());
            name(faults, "experiment.variant", experiment.getVariant());
        }
        ResidencyRule residency = request.getResidency();
        if (residency != null) {
            names(faults, "residency.vendors", residency.getVendors());
            names(faults, "residency.regions", residency.getRegions());
            names(faults, "residency.accounts", residency.getAccounts());
        }
        labels(faults, request.getLabels());
        claim(faults, request);
        return faults;
    }

    private static void claim(List<String> faults, LlmRequest request) {
        ClaimReference claim = request.getBodyClaim();
        if (claim == null) {
            return;
        }
        name(faults, "bodyClaim.store", claim.getStore());
        if (!ClaimStores.isLegalKey(claim.getKey())) {
            faults.add("bodyClaim.key: is not a legal key");
        }
        if (claim.getBytes() < 2) {
            faults.add("bodyClaim.bytes: must be that of a JSON object");
        }
        if (!ClaimStores.isLegalHash(claim.getSha256())) {
            faults.add("bodyClaim.sha256: must be 64 lower-case hex digits");
        }
        if (!request.getBody().equals(EMPTY_BODY)) {
            faults.add("body: must be {} beside a bodyClaim");
        }
    }

    private static void id(List<String> faults, String field, @Nullable String value) {
        if (value != null && (value.isEmpty() || value.length() > MAX_ID || !isVisibleAscii(value))) {
            faults.add(field + ": must be 1 to " + MAX_ID + " visible ASCII characters");
        }
    }

    private static void name(List<String> faults, String field, @Nullable String value) {
        if (value != null && (value.isBlank() || value.length() > MAX_NAME || hasControlCharacter(value))) {
            faults.add(field + ": must be 1 to " + MAX_NAME + " characters, not blank, without control characters");
        }
    }

    private static boolean isVisibleAscii(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) <= ' ' || value.charAt(i) >= 0x7F) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasControlCharacter(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static void names(List<String> faults, String field, List<String> values) {
        if (values.size() > MAX_RESIDENCY) {
            faults.add(field + ": at most " + MAX_RESIDENCY + " entries");
            return;
        }
        for (int i = 0; i < values.size(); i++) {
            name(faults, field + "[" + i + "]", values.get(i));
        }
    }

    private static void topic(List<String> faults, String field, @Nullable String value) {
        if (value != null && (!TOPIC.matcher(value).matches() || value.equals(".") || value.equals(".."))) {
            faults.add(field + ": is not a legal topic name");
        }
    }

    private static void labels(List<String> faults, Map<String, String> labels) {
        if (labels.size() > MAX_LABELS) {
            faults.add("labels: at most " + MAX_LABELS);
        }
        boolean tooLong = labels.entrySet().stream().anyMatch(label -> label.getKey().isEmpty()
                || label.getKey().length() > MAX_LABEL || label.getValue().length() > MAX_LABEL);
        if (tooLong) {
            faults.add("labels: keys must be 1 to " + MAX_LABEL + " characters, values at most " + MAX_LABEL);
        }
    }
}
