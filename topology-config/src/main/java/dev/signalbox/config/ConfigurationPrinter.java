package dev.signalbox.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.signalbox.schemas.Priority;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Prints the configuration in effect, in the language that it was written in: defaults filled in, references of settings
 * replaced by what they came to, secrets as the references that they are, of plans what their tenants have by them.
 * Reading the result gives the same configuration again.
 */
public final class ConfigurationPrinter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final ObjectMapper YAML = new ObjectMapper(
            YAMLFactory.builder().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                    .disable(YAMLGenerator.Feature.SPLIT_LINES)
                    .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
                    .build());
    private static final ObjectMapper PLAIN = new ObjectMapper();

    private ConfigurationPrinter() {
    }

    /** As YAML, with a line end. */
    public static String yaml(Configuration configuration) {
        return write(YAML, tree(configuration));
    }

    /** As JSON, indented, with a line end. */
    public static String json(Configuration configuration) {
        try {
            return PLAIN.writerWithDefaultPrettyPrinter().writeValueAsString(tree(configuration)) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String write(ObjectMapper mapper, JsonNode tree) {
        try {
            return mapper.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode tree(Configuration configuration) {
        ObjectNode root = JSON.objectNode().put("environment", configuration.environment());
        ObjectNode vendors = root.putObject("vendors");
        configuration.vendors().forEach((name, vendor) -> vendors.set(name, vendor(vendor)));
        ObjectNode pools = root.putObject("pools");
        configuration.pools().forEach(pool -> pools.set(pool.name().value(), pool(pool)));
        ObjectNode deployments = root.putObject("deployments");
        configuration.deployments()
                .forEach((name, deployment) -> deployments.set(name.toString(), deployment(deployment)));
        ObjectNode routes = root.putObject("routes");
        configuration.routes().forEach((model, all) -> {
            ObjectNode environments = routes.putObject(model);
            all.byEnvironment().forEach((environment, byUseCase) -> {
                ObjectNode useCases = environments.putObject(environment);
                byUseCase.forEach((useCase, route) -> useCases.set(useCase, RoutePrinter.route(route)));
            });
        });
        root.set("prices", prices(configuration.prices()));
        root.set("topics", topics(configuration.topics()));
        root.putObject("worker").put("max_in_flight", configuration.worker().maxInFlight())
                .put("buffer_records", configuration.worker().bufferRecords())
                .put("buffer_size", Units.print(configuration.worker().bufferBytes()));
        ObjectNode tenants = root.putObject("tenants");
        configuration.tenants().forEach((name, tenant) -> tenants.set(name, tenant(tenant)));
        ObjectNode useCases = root.putObject("use_cases");
        configuration.useCases().forEach((name, useCase) -> useCases.set(name, useCase(useCase)));
        ArrayNode budgets = root.putArray("budgets");
        configuration.budgets().forEach(budget -> budgets.add(budget(budget)));
        AlertSettings alerts = configuration.alerts();
        ObjectNode alertNode = root.putObject("alerts");
        put(alertNode, "webhook", alerts.webhook().map(Secret::reference));
        put(alertNode, "alertmanager", alerts.alertmanager().map(Object::toString));
        alertNode.put("headroom", alerts.headroom()).put("fallback_unused_days", alerts.fallbackUnusedDays());
        root.set("claim_check", ClaimPrinter.claims(configuration.claims()));
        return root;
    }

    private static ObjectNode vendor(Vendor vendor) {
        ObjectNode node = JSON.objectNode().put("family", vendor.family().label());
        put(node, "base_url", vendor.baseUrl().map(Object::toString));
        node.set("timeouts", timeouts(vendor.timeouts()));
        node.put("sends_done_marker", vendor.sendsDoneMarker());
        put(node, "http_proxy", vendor.httpProxy().map(Object::toString));
        put(node, "ca_file", vendor.caFile().map(Object::toString));
        return node.put("hides_vendors", vendor.hidesVendors()).put("propagates_trace", vendor.propagatesTrace());
    }

    private static ObjectNode timeouts(CallTimeouts timeouts) {
        return JSON.objectNode().put("connect", Units.print(timeouts.connect()))
                .put("first_byte", Units.print(timeouts.firstByte()))
                .put("first_token", Units.print(timeouts.firstToken()))
                .put("token_gap", Units.print(timeouts.tokenGap())).put("total", Units.print(timeouts.total()));
    }

    private static ObjectNode pool(Pool pool) {
        ObjectNode node = JSON.objectNode();
        node.set("use_cases", list(pool.useCases()));
        ObjectNode priorities = node.putObject("priorities");
        for (Priority priority : Priority.values()) {
            Optional.ofNullable(pool.priorities().get(priority)).ifPresent(share -> priorities
                    .putObject(priority.label()).put("weight", share.weight())
                    .put("floor", Units.printShare(share.floor())));
        }
        node.set("borrows_from", list(pool.borrowsFrom().stream().map(Object::toString).toList()));
        node.put("lends", pool.lendsIdle() ? "idle" : "nothing").put("reserve", Units.printShare(pool.reserve()))
                .put("borrowed_call_limit", Units.print(pool.borrowedCallLimit()));
        node.set("sheds", list(pool.sheds().stream().sorted().map(Priority::label).toList()));
        node.set("allow", residency(pool.allow()));
        return node;
    }

    private static ObjectNode deployment(Deployment deployment) {
        ObjectNode node = JSON.objectNode().put("vendor", deployment.vendor().name())
                .put("model_id", deployment.modelId()).put("base_url", deployment.baseUrl().toString());
        put(node, "region", deployment.region());
        put(node, "account", deployment.account());
        if (!deployment.credentials().isEmpty()) {
            node.set("credentials", list(deployment.credentials().stream().map(Secret::reference).toList()));
        }
        ObjectNode limits = node.putObject("limits");
        put(limits, "concurrency", deployment.limits().concurrency());
        put(limits, "requests_per_minute", deployment.limits().requestsPerMinute());
        put(limits, "input_tokens_per_minute", deployment.limits().inputTokensPerMinute());
        put(limits, "output_tokens_per_minute", deployment.limits().outputTokensPerMinute());
        if (!deployment.poolShares().isEmpty()) {
            ObjectNode shares = node.putObject("pools");
            deployment.poolShares().entrySet().stream()
                    .sorted(java.util.Comparator.comparing(entry -> entry.getKey().value()))
                    .forEach(entry -> shares.put(entry.getKey().value(), Units.printShare(entry.getValue())));
        }
        node.set("failure_domains", list(deployment.failureDomains()));
        node.set("timeouts", timeouts(deployment.timeouts()));
        Deployment.Capabilities can = deployment.capabilities();
        ObjectNode capabilities = node.putObject("capabilities");
        put(capabilities, "context_window", can.contextWindowTokens());
        put(capabilities, "max_output_tokens", can.maxOutputTokens());
        capabilities.put("images", can.images()).put("documents", can.documents()).put("tools", can.tools())
                .put("streaming", can.streaming()).put("prefill", can.prefill());
        ObjectNode headers = node.put("throughput", deployment.throughput().label()).putObject("headers");
        new TreeMap<>(deployment.headers()).forEach(headers::put);
        return node;
    }

    static ObjectNode residency(Residency allow) {
        ObjectNode node = JSON.objectNode();
        node.set("vendors", list(new TreeSet<>(allow.vendors())));
        node.set("regions", list(new TreeSet<>(allow.regions())));
        node.set("accounts", list(new TreeSet<>(allow.accounts())));
        return node;
    }

    private static ObjectNode prices(PriceTable prices) {
        ObjectNode node = JSON.objectNode().put("version", prices.version()).put("currency", prices.currency());
        ObjectNode deployments = node.putObject("deployments");
        for (PriceTable.Price price : prices.prices()) {
            ObjectNode entry = deployments.withArrayProperty(price.deployment().toString()).addObject();
            if (!price.effectiveFrom().equals(LocalDate.EPOCH)) {
                entry.put("from", price.effectiveFrom().toString());
            }
            entry.put("input_per_million", price.input()).put("output_per_million", price.output());
            price.cachedInput().ifPresent(amount -> entry.put("cached_input_per_million", amount));
            price.cacheWrite().ifPresent(amount -> entry.put("cache_write_per_million", amount));
        }
        return node;
    }

    private static ObjectNode topics(TopicSettings topics) {
        ObjectNode node = JSON.objectNode().put("partitions", topics.partitions());
        put(node, "replication_factor", topics.replicationFactor());
        put(node, "min_in_sync_replicas", topics.minInSyncReplicas());
        node.put("max_message_size", Units.print(topics.maxMessageBytes()))
                .put("request_retention", Units.print(topics.requestRetention()))
                .put("reply_retention", Units.print(topics.replyRetention()))
                .put("token_retention", Units.print(topics.tokenRetention()))
                .put("attempt_retention", Units.print(topics.attemptRetention()))
                .put("dead_letter_retention", Units.print(topics.deadLetterRetention()));
        node.set("reply_topics_allowed", list(topics.replyTopicsAllowed()));
        return node;
    }

    private static ObjectNode tenant(Tenant tenant) {
        ObjectNode node = JSON.objectNode().put("weight", tenant.weight());
        ObjectNode limits = node.putObject("limits");
        put(limits, "concurrency", tenant.limits().concurrency());
        put(limits, "requests_per_minute", tenant.limits().requestsPerMinute());
        put(limits, "tokens_per_minute", tenant.limits().tokensPerMinute());
        node.set("allow", residency(tenant.allow()));
        return node;
    }

    private static ObjectNode useCase(UseCase useCase) {
        ObjectNode node = JSON.objectNode();
        put(node, "department", useCase.department());
        useCase.objective()
                .ifPresent(objective -> node.putObject("objective")
                        .put("answered_in_time", Units.printShare(objective.answeredInTime()))
                        .put("window", Units.print(objective.window())));
        return node;
    }

    private static ObjectNode budget(Budget budget) {
        BigDecimal amount = budget.amount();
        return JSON.objectNode().put(budget.scope().label(), budget.name()).put("amount", amount)
                .put("per", budget.period().label()).put("soft", Units.printShare(budget.softShare()))
                .put("on_soft", budget.onSoft().label()).put("on_hard", budget.onHard().label());
    }

    private static ArrayNode list(Collection<String> texts) {
        ArrayNode list = JSON.arrayNode();
        texts.forEach(list::add);
        return list;
    }

    private static void put(ObjectNode node, String key, Optional<String> text) {
        text.ifPresent(value -> node.put(key, value));
    }

    private static void put(ObjectNode node, String key, OptionalInt number) {
        number.ifPresent(value -> node.put(key, value));
    }
}
