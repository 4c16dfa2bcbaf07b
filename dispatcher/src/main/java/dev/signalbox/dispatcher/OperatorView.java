package dev.signalbox.dispatcher;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.config.admin.AdminAnswer;
import dev.signalbox.config.admin.AdminServer;
import dev.signalbox.dispatcher.availability.RequestStatuses;
import dev.signalbox.dispatcher.health.HealthReader;
import dev.signalbox.dispatcher.health.HealthStore;
import dev.signalbox.dispatcher.usage.UsageTable;
import dev.signalbox.dispatcher.view.FleetPages;
import dev.signalbox.dispatcher.view.JsonRows;
import dev.signalbox.dispatcher.view.KeyValueRows;
import dev.signalbox.dispatcher.view.StoreView;
import dev.signalbox.dispatcher.view.StreamsOwners;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.BudgetRecord;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.avro.UsageRollup;
import dev.signalbox.schemas.serde.JsonRecords;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;

/**
 * The operators' pages over the stores, records in their JSON form: {@code /deployments}, {@code /deployments/<name>},
 * {@code /usage/hourly}, {@code /usage/daily}, {@code /budgets}, {@code /requests?id=}, and what the instance that judges the fleet has published:
 * {@code /redundancy}, {@code /alerts}. Each instance of the fleet answers for all.
 */
final class OperatorView {
    private final FleetPages pages;
    private final HostInfo self;
    private final JsonRecords records = new JsonRecords();

    OperatorView(FleetPages pages, HostInfo self) {
        this.pages = pages;
        this.self = self;
    }

    /** @param configured names of deployments that are shown before their first call */
    void deployments(KafkaStreams control, HealthReader healths, Supplier<Set<String>> configured) {
        pages.listAndRows(new StoreView("/deployments", "deployment",
                new StreamsOwners(control, self, HealthStore.NAME, Topics.ATTEMPTS), (partition, prefix, most) -> {
                    SortedMap<String, JsonNode> rows = new TreeMap<>();
                    healths.inPartition(partition, prefix, most)
                            .forEach((name, health) -> rows.put(name, JsonRows.tree(records.write(health))));
                    return rows;
                }), configured, name -> JsonRows.tree(records.write(healths.unseen(name))));
    }

    void usage(KafkaStreams usage) {
        pages.list(view("/usage/hourly", "hour", usage, UsageTable.HOURLY,
                new KeyValueRows<UsageRollup>(usage, UsageTable.HOURLY.store(),
                        sums -> JsonRows.tree(records.write(sums)))));
        pages.list(view("/usage/daily", "day", usage, UsageTable.DAILY,
                new KeyValueRows<UsageRollup>(usage, UsageTable.DAILY.store(),
                        sums -> JsonRows.tree(records.write(sums)))));
        pages.list(view("/budgets", "budget", usage, UsageTable.BUDGETS,
                new KeyValueRows<BudgetRecord>(usage, UsageTable.BUDGETS.store(),
                        spent -> JsonRows.tree(records.write(spent)))));
    }

    /** {@code /requests?id=…}: where one request is, as it was told last. */
    void requests(KafkaStreams usage) {
        pages.row(new StoreView("/requests", "request",
                new StreamsOwners(usage, self, RequestStatuses.STORE, Topics.STATUS), (partition, id, most) -> {
                    ReadOnlyWindowStore<String, RequestStatus> store = usage
                            .store(StoreQueryParameters
                                    .fromNameAndType(RequestStatuses.STORE,
                                            QueryableStoreTypes.<String, RequestStatus>windowStore())
                                    .withPartition(partition));
                    SortedMap<String, JsonNode> rows = new TreeMap<>();
                    RequestStatuses.of(store, id).ifPresent(told -> rows.put(id, toldRow(told)));
                    return rows;
                }), "id");
    }

    private JsonNode toldRow(RequestStatuses.Told told) {
        JsonNode row = JsonRows.tree(records.write(told.status()));
        if (row instanceof ObjectNode object) {
            object.put("toldMillis", told.toldMillis());
        }
        return row;
    }

    private StoreView view(String path, String noun, KafkaStreams usage, UsageTable table, StoreView.Reader rows) {
        return new StoreView(path, noun,
                new StreamsOwners(usage, self, table.store(), table.source(StreamsSettings.USAGE)), rows);
    }

    /** As the topics have them: what routes have left, and the alerts that hold. */
    void reports(AdminServer server, FleetReports reports) {
        server.page("/redundancy", (path, asked) -> all("routes", reports.routes().map(records::write)));
        server.page("/alerts", (path, asked) -> all("alerts", reports.alerts().map(records::write)));
    }

    private static AdminAnswer all(String name, Stream<byte[]> records) {
        return AdminAnswer.json(200, records.map(json -> new String(json, StandardCharsets.UTF_8))
                .collect(Collectors.joining(",\n", "{\"" + name + "\":[\n", "\n]}\n")));
    }
}
