package dev.signalbox.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.StreamSupport;

/** Makes the typed model from a tree that was found valid and has its defaults filled in. */
final class ConfigurationBinder {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final YamlTree tree;
    private final JsonNode root;
    private final Path folder;

    /** @param folder what relative paths are relative to */
    ConfigurationBinder(YamlTree tree, Path folder) {
        this.tree = tree;
        this.folder = folder;
        this.root = tree.root();
    }

    Configuration bind(String environment) {
        Map<String, Vendor> vendors = vendors();
        Map<DeploymentName, Deployment> deployments = new LinkedHashMap<>();
        root.path("deployments").properties().forEach(entry -> {
            DeploymentName name = DeploymentName.parse(entry.getKey());
            deployments.put(name, deployment(name, entry.getValue(), vendors));
        });
        List<Pool> pools = root.path("pools").propertyStream().map(entry -> pool(entry.getKey(), entry.getValue()))
                .toList();
        JsonNode topics = root.path("topics");
        JsonNode worker = root.path("worker");
        TopicSettings topicSettings = topics(topics);
        return new Configuration(environment, Collections.unmodifiableMap(vendors),
                Collections.unmodifiableMap(deployments), pools, new RouteBinder(JSON).routes(root.path("routes")),
                prices(root.path("prices")), topicSettings,
                new WorkerSettings(worker.path("max_in_flight").intValue(), worker.path("buffer_records").intValue(),
                        size(worker.path("buffer_size"))),
                tenants(), useCases(), budgets(), alerts(root.path("alerts")),
                new ClaimBinder(this::secret).claims(root.path("claim_check"), topicSettings.maxMessageBytes()));
    }

    private Map<String, Vendor> vendors() {
        Set<String> names = new LinkedHashSet<>(NameCheck.keys(root.path("vendors")));
        root.path("deployments").forEach(deployment -> names.add(deployment.path("vendor").asText()));
        Map<String, Vendor> vendors = new LinkedHashMap<>();
        for (String name : names) {
            JsonNode vendor = root.path("vendors").path(name);
            Optional<KnownVendor> known = KnownVendor.named(name);
            VendorFamily family = text(vendor, "family").map(label -> label(VendorFamily.class, label))
                    .or(() -> known.map(KnownVendor::family)).orElseThrow();
            Optional<URI> baseUrl = text(vendor, "base_url").or(() -> known.flatMap(KnownVendor::baseUrl))
                    .map(ConfigurationBinder::url);
            vendors.put(name,
                    new Vendor(name, family, baseUrl, timeouts(vendor.path("timeouts"), CallTimeouts.DEFAULT),
                            vendor.path("sends_done_marker").asBoolean(true),
                            text(vendor, "http_proxy").map(ConfigurationBinder::url),
                            text(vendor, "ca_file").map(Path::of), vendor.path("hides_vendors").asBoolean(),
                            vendor.path("propagates_trace").asBoolean()));
        }
        return vendors;
    }

    private Deployment deployment(DeploymentName name, JsonNode deployment, Map<String, Vendor> vendors) {
        Vendor vendor = Optional.ofNullable(vendors.get(deployment.path("vendor").asText())).orElseThrow();
        Optional<String> region = text(deployment, "region");
        URI baseUrl = text(deployment, "base_url").map(ConfigurationBinder::url).or(vendor::baseUrl)
                .or(() -> KnownVendor.named(vendor.name())
                        .flatMap(known -> region.flatMap(known::baseUrl)).map(URI::create))
                .orElseThrow();
        String pointer = Pointer.path("deployments", name.toString());
        List<Secret> credentials = new ArrayList<>();
        secret(Pointer.of(pointer, "credential")).ifPresent(credentials::add);
        for (int i = 0; i < deployment.path("credentials").size(); i++) {
            secret(Pointer.of(Pointer.of(pointer, "credentials"), i)).ifPresent(credentials::add);
        }
        JsonNode can = deployment.path("capabilities");
        return new Deployment(name, vendor, baseUrl, deployment.path("model_id").asText(), region,
                text(deployment, "account"), credentials, limits(deployment.path("limits")),
                shares(deployment.path("pools")), texts(deployment.path("failure_domains")),
                timeouts(deployment.path("timeouts"), vendor.timeouts()),
                new Deployment.Capabilities(integer(can, "context_window"), can.path("images").asBoolean(),
                        can.path("tools").asBoolean(), can.path("streaming").asBoolean(),
                        can.path("documents").asBoolean(),
                        can.path("prefill")
                                .asBoolean(KnownPrefill.of(vendor.family(), deployment.path("model_id").asText())),
                        integer(can, "max_output_tokens")),
                label(Deployment.Throughput.class, deployment.path("throughput").asText()),
                headers(deployment.path("headers")));
    }

    private static Map<String, String> headers(JsonNode headers) {
        Map<String, String> values = new LinkedHashMap<>();
        headers.properties().forEach(entry -> values.put(entry.getKey(), entry.getValue().asText()));
        return values;
    }

    private static Deployment.Limits limits(JsonNode limits) {
        return new Deployment.Limits(integer(limits, "concurrency"), integer(limits, "requests_per_minute"),
                integer(limits, "input_tokens_per_minute"), integer(limits, "output_tokens_per_minute"));
    }

    private static Map<PoolName, Double> shares(JsonNode pools) {
        if (pools.isTextual()) {
            return Map.of(new PoolName(pools.asText()), 1.0);
        }
        Map<PoolName, Double> shares = new LinkedHashMap<>();
        pools.properties().forEach(entry -> shares.put(new PoolName(entry.getKey()), share(entry.getValue())));
        return shares;
    }

    private static Pool pool(String name, JsonNode pool) {
        Map<Priority, Pool.PriorityShare> priorities = new EnumMap<>(Priority.class);
        JsonNode listed = pool.path("priorities");
        texts(listed).forEach(label -> priorities.put(priority(label), Pool.PriorityShare.ofDefault(priority(label))));
        listed.properties().forEach(entry -> {
            Pool.PriorityShare usual = Pool.PriorityShare.ofDefault(priority(entry.getKey()));
            priorities.put(priority(entry.getKey()), new Pool.PriorityShare(
                    entry.getValue().path("weight").asDouble(usual.weight()), share(entry.getValue().path("floor"))));
        });
        Set<Priority> sheds = EnumSet.noneOf(Priority.class);
        texts(pool.path("sheds")).forEach(label -> sheds.add(priority(label)));
        return new Pool(new PoolName(name), new LinkedHashSet<>(texts(pool.path("use_cases"))), priorities,
                texts(pool.path("borrows_from")).stream().map(PoolName::new).toList(),
                pool.path("lends").asText().equals("idle"), share(pool.path("reserve")),
                duration(pool.path("borrowed_call_limit")), sheds, residency(pool.path("allow")));
    }

    private static PriceTable prices(JsonNode prices) {
        List<PriceTable.Price> list = new ArrayList<>();
        prices.path("deployments").properties().forEach(entry -> {
            DeploymentName deployment = DeploymentName.parse(entry.getKey());
            Iterable<JsonNode> all = entry.getValue().isArray() ? entry.getValue() : List.of(entry.getValue());
            for (JsonNode price : all) {
                list.add(new PriceTable.Price(deployment, LocalDate.parse(price.path("from").asText()),
                        price.path("input_per_million").decimalValue(), price.path("output_per_million").decimalValue(),
                        decimal(price, "cached_input_per_million"), decimal(price, "cache_write_per_million")));
            }
        });
        return new PriceTable(prices.path("version").asText(), prices.path("currency").asText(), List.copyOf(list));
    }

    private static TopicSettings topics(JsonNode topics) {
        return new TopicSettings(topics.path("partitions").intValue(), integer(topics, "replication_factor"),
                integer(topics, "min_in_sync_replicas"),
                (int) Math.min(Integer.MAX_VALUE, size(topics.path("max_message_size"))),
                duration(topics.path("request_retention")), duration(topics.path("reply_retention")),
                duration(topics.path("token_retention")), duration(topics.path("attempt_retention")),
                duration(topics.path("dead_letter_retention")), texts(topics.path("reply_topics_allowed")));
    }

    private Map<String, Tenant> tenants() {
        Map<String, Tenant> tenants = new LinkedHashMap<>();
        root.path("tenants").properties()
                .forEach(entry -> tenants.put(entry.getKey(), tenant(entry.getKey(), entry.getValue())));
        return Collections.unmodifiableMap(tenants);
    }

    /** What it does not say itself its plan does. */
    private Tenant tenant(String name, JsonNode tenant) {
        JsonNode plan = root.path("plans").path(tenant.path("plan").asText());
        JsonNode own = tenant.path("limits");
        JsonNode usual = plan.path("limits");
        return new Tenant(name, tenant.path("weight").asDouble(plan.path("weight").asDouble(1)),
                new Tenant.Limits(integer(own, usual, "concurrency"), integer(own, usual, "requests_per_minute"),
                        integer(own, usual, "tokens_per_minute")),
                residency(tenant.path("allow")));
    }

    private Map<String, UseCase> useCases() {
        Map<String, UseCase> useCases = new LinkedHashMap<>();
        root.path("use_cases").properties().forEach(entry -> {
            JsonNode objective = entry.getValue().path("objective");
            useCases.put(entry.getKey(), new UseCase(entry.getKey(), text(entry.getValue(), "department"),
                    objective.isMissingNode()
                            ? Optional.empty()
                            : Optional.of(new UseCase.Objective(share(objective.path("answered_in_time")),
                                    duration(objective.path("window"))))));
        });
        return Collections.unmodifiableMap(useCases);
    }

    private List<Budget> budgets() {
        List<Budget> budgets = new ArrayList<>();
        for (JsonNode budget : root.path("budgets")) {
            Budget.Scope scope = budget.has("use_case")
                    ? Budget.Scope.USE_CASE
                    : budget.has("tenant") ? Budget.Scope.TENANT : Budget.Scope.DEPARTMENT;
            budgets.add(new Budget(scope, budget.path(scope.label()).asText(), budget.path("amount").decimalValue(),
                    label(Budget.Period.class, budget.path("per").asText()), share(budget.path("soft")),
                    label(Budget.Action.class, budget.path("on_soft").asText()),
                    label(Budget.Action.class, budget.path("on_hard").asText())));
        }
        return List.copyOf(budgets);
    }

    private AlertSettings alerts(JsonNode alerts) {
        return new AlertSettings(secret(Pointer.path("alerts", "webhook")),
                text(alerts, "alertmanager").map(ConfigurationBinder::url), alerts.path("headroom").doubleValue(),
                alerts.path("fallback_unused_days").intValue());
    }

    private Optional<Secret> secret(String pointer) {
        return tree.reference(pointer)
                .map(reference -> new Secret(reference, tree.resolvedText(pointer).orElseThrow(),
                        References.file(reference, folder)));
    }

    static Residency residency(JsonNode allow) {
        return new Residency(Set.copyOf(texts(allow.path("vendors"))), Set.copyOf(texts(allow.path("regions"))),
                Set.copyOf(texts(allow.path("accounts"))));
    }

    private static CallTimeouts timeouts(JsonNode timeouts, CallTimeouts usual) {
        return new CallTimeouts(duration(timeouts, "connect", usual.connect()),
                duration(timeouts, "first_byte", usual.firstByte()),
                duration(timeouts, "first_token", usual.firstToken()),
                duration(timeouts, "token_gap", usual.tokenGap()), duration(timeouts, "total", usual.total()));
    }

    static Duration duration(JsonNode text) {
        return Units.duration(text.asText()).orElseThrow();
    }

    private static Duration duration(JsonNode map, String key, Duration usual) {
        return map.has(key) ? duration(map.path(key)) : usual;
    }

    static double share(JsonNode text) {
        return Units.share(text.asText()).orElseThrow();
    }

    private static long size(JsonNode text) {
        return Units.size(text.asText()).orElseThrow();
    }

    private static URI url(String text) {
        return URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
    }

    static Optional<String> text(JsonNode map, String key) {
        return map.has(key) ? Optional.of(map.path(key).asText()) : Optional.empty();
    }

    private static OptionalInt integer(JsonNode map, JsonNode usual, String key) {
        return integer(map.has(key) ? map : usual, key);
    }

    private static OptionalInt integer(JsonNode map, String key) {
        return map.has(key) ? OptionalInt.of(map.path(key).intValue()) : OptionalInt.empty();
    }

    private static Optional<BigDecimal> decimal(JsonNode map, String key) {
        return map.has(key) ? Optional.of(map.path(key).decimalValue()) : Optional.empty();
    }

    /** The texts of a list; none of what is not a list. */
    static List<String> texts(JsonNode list) {
        return list instanceof ObjectNode
                ? List.of()
                : StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
    }

    static <E extends Enum<E>> E label(Class<E> type, String label) {
        return Enum.valueOf(type, label.toUpperCase(Locale.ROOT));
    }

    private static Priority priority(String label) {
        return Priority.ofLabel(label).orElseThrow();
    }
}
