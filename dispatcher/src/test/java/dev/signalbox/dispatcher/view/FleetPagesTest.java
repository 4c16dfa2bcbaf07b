package dev.signalbox.dispatcher.view;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.Secret;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.admin.AdminServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.streams.errors.InvalidStateStorePartitionException;
import org.apache.kafka.streams.state.HostInfo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three instances over real HTTP, whose partitions and owners are the test's. */
@Tag("issue-5")
@Timeout(30)
class FleetPagesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final String TOKEN = "0123456789abcdef-and-more";

    private final Map<HostInfo, Set<Integer>> assigned = new HashMap<>();
    private final Map<String, Owners.Owner> keys = new HashMap<>();
    private final List<Instance> instances = new ArrayList<>();

    /** One dispatcher, with what its tasks hold by partition and key. */
    private final class Instance implements Owners {
        final Map<Integer, Map<String, String>> held = new HashMap<>();
        final AdminServer server;
        final Peers peers;

        Instance(Optional<Secret> token, int... partitions) {
            server = new AdminServer(
                    new AdminListener(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), token));
            peers = new Peers(token);
            Set<Integer> owned = new java.util.TreeSet<>();
            for (int partition : partitions) {
                held.put(partition, new HashMap<>());
                owned.add(partition);
            }
            assigned.put(self(), owned);
            FleetPages pages = new FleetPages(server, peers);
            pages.listAndRows(new StoreView("/deployments", "deployment", this, this::rows), () -> Set.of("idle/one"),
                    name -> JSON.createObjectNode().put("name", name).put("version", 0));
            pages.list(new StoreView("/budgets", "budget", this, this::rows));
            pages.row(new StoreView("/requests", "request", this, this::rows), "id");
            server.start();
            instances.add(this);
        }

        private SortedMap<String, JsonNode> rows(int partition, String prefix, int most) {
            Map<String, String> found = held.get(partition);
            if (found == null) {
                throw new InvalidStateStorePartitionException("not here");
            }
            SortedMap<String, JsonNode> rows = new TreeMap<>();
            found.forEach((key, value) -> {
                if (key.startsWith(prefix)) {
                    rows.put(key, JSON.createObjectNode().put("name", key).put("value", value));
                }
            });
            while (rows.size() > most) {
                rows.remove(rows.lastKey());
            }
            return rows;
        }

        void put(int partition, String key, String value) {
            held.get(partition).put(key, value);
            keys.put(key, new Owner(self(), partition));
        }

        @Override
        public HostInfo self() {
            return new HostInfo("127.0.0.1", server.port());
        }

        @Override
        public Map<HostInfo, Set<Integer>> byInstance() {
            return Map.copyOf(assigned);
        }

        @Override
        public Optional<Owner> of(String key) {
            return Optional.ofNullable(keys.get(key));
        }

        HttpResponse<String> get(String path) throws Exception {
            return HTTP.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                    .header("Authorization", "Bearer " + TOKEN).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    @AfterEach
    void stop() {
        instances.forEach(instance -> {
            instance.server.close();
            instance.peers.close();
        });
    }

    private Instance instance(int... partitions) {
        return new Instance(Optional.of(new Secret("${env:T}", TOKEN)), partitions);
    }

    @Test
    void eachInstanceAnswersForAllWithTheSame() throws Exception {
        Instance one = instance(0, 2);
        Instance two = instance(1);
        one.put(0, "a/x", "1");
        one.put(2, "c/x", "3");
        two.put(1, "b/x", "2");

        for (Instance asked : instances) {
            HttpResponse<String> list = asked.get("/deployments");
            assertThat(list.statusCode()).as(list.body()).isEqualTo(200);
            JsonNode json = JSON.readTree(list.body());
            assertThat(json.path("complete").asBoolean()).isTrue();
            assertThat(json.path("deployments")).extracting(row -> row.path("name").asText()).containsExactly("a/x",
                    "b/x", "c/x", "idle/one");
            assertThat(JSON.readTree(asked.get("/deployments/b/x").body()).path("value").asText()).isEqualTo("2");
            assertThat(JSON.readTree(asked.get("/budgets?prefix=b").body()).path("budgets")).hasSize(1);
            assertThat(JSON.readTree(asked.get("/requests?id=b/x").body()).path("value").asText()).isEqualTo("2");
        }
    }

    @Test
    void anUnknownRowIs404AndAnExpectedOneIsShownEmpty() throws Exception {
        Instance one = instance(0);
        keys.put("idle/one", new Owners.Owner(one.self(), 0));
        keys.put("no/such", new Owners.Owner(one.self(), 0));

        assertThat(one.get("/deployments/idle/one").body()).contains("\"version\":0");
        assertThat(one.get("/deployments/no/such").statusCode()).isEqualTo(404);
        assertThat(one.get("/budgets/x").statusCode()).isEqualTo(404);
    }

    @Test
    void aListWithoutAnOwnersPartIsNotGivenAsWhole() throws Exception {
        Instance one = instance(0);
        one.put(0, "a/x", "1");
        int nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = free.getLocalPort();
        }
        HostInfo dead = new HostInfo("127.0.0.1", nobody);
        assigned.put(dead, Set.of(1, 3));
        keys.put("b/x", new Owners.Owner(dead, 1));

        HttpResponse<String> list = one.get("/deployments");
        JsonNode json = JSON.readTree(list.body());
        assertThat(list.statusCode()).isEqualTo(503);
        assertThat(json.path("complete").asBoolean()).isFalse();
        assertThat(json.path("deployments")).extracting(row -> row.path("name").asText()).containsExactly("a/x");
        assertThat(json.path("away").get(0).path("instance").asText()).isEqualTo("127.0.0.1:" + nobody);
        assertThat(json.path("away").get(0).path("why").asText()).isEqualTo("cannot be reached");
        assertThat(json.path("away").get(0).path("partitions").toString()).isEqualTo("[1,3]");

        assertThat(one.get("/deployments/b/x").statusCode()).isEqualTo(503);
        assertThat(one.get("/deployments/b/x").body()).contains("127.0.0.1:" + nobody, "cannot be reached");
        assertThat(one.get("/deployments/a/x").statusCode()).isEqualTo(200);
    }

    @Test
    void anOwnerThatDoesNotAnswerIsGivenUpInTime() throws Exception {
        Instance one = instance(0);
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            assigned.put(new HostInfo("127.0.0.1", silent.getLocalPort()), Set.of(1));
            long start = System.nanoTime();
            HttpResponse<String> list = one.get("/budgets");
            assertThat(System.nanoTime() - start).isLessThan(Peers.PATIENCE.plusSeconds(3).toNanos());
            assertThat(list.statusCode()).isEqualTo(503);
            assertThat(list.body()).contains("did not answer in time");
        }
    }

    @Test
    void aPartitionOnItsWayIsMissingAndSaysSo() throws Exception {
        Instance one = instance(0, 1);
        one.held.remove(1);
        keys.put("b/x", new Owners.Owner(one.self(), 1));

        assertThat(one.get("/budgets").statusCode()).isEqualTo(503);
        assertThat(one.get("/budgets").body()).contains("\"partitions\":[1]", "taking these over");
        assertThat(one.get("/deployments/b/x").statusCode()).isEqualTo(503);
        assigned.clear();
        assertThat(one.get("/budgets").body()).contains("no partition is assigned yet");
        assertThat(one.get("/deployments/unheard/of").body()).contains("no instance is assigned");
    }

    @Test
    void aTokenOfAnotherFleetOpensNothing() throws Exception {
        Instance one = instance(0);
        Instance other = new Instance(Optional.of(new Secret("${env:T}", "another-token-of-24-signs")), 1);
        other.put(1, "b/x", "2");

        assertThat(one.get("/budgets").statusCode()).isEqualTo(503);
        assertThat(one.get("/budgets").body()).contains("another token").doesNotContain("another-token-of");
        assertThat(other.get("/budgets").statusCode()).isEqualTo(401);
    }

    @Test
    void moreThanTheLimitIsCutAloud() throws IOException, Exception {
        Instance one = instance(0);
        Instance two = instance(1);
        for (int i = 0; i < 6_000; i++) {
            one.held.get(0).put("a" + i, "1");
            two.held.get(1).put("b" + i, "1");
        }

        JsonNode json = JSON.readTree(two.get("/budgets").body());
        assertThat(json.path("budgets")).hasSize(FleetQuery.MOST_ROWS);
        assertThat(json.path("complete").asBoolean()).isFalse();
        assertThat(json.path("cut").asText()).contains("?prefix=");
        assertThat(JSON.readTree(two.get("/budgets?prefix=b").body()).path("complete").asBoolean()).isTrue();
    }
}
