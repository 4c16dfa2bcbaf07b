package dev.signalbox.workers;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ModelRoutes;
import dev.signalbox.config.Pool;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.Residency;
import dev.signalbox.config.Route;
import dev.signalbox.config.Strategy;
import dev.signalbox.config.TopicSettings;
import dev.signalbox.config.Vendor;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.math.BigDecimal;
import java.net.URI;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Small configurations for tests: one model {@code m}, one pool {@code main}, deployments by place. */
public final class TestConfiguration {
    public static final PoolName POOL = new PoolName("main");
    public static final String MODEL = "m";

    private TestConfiguration() {
    }

    /** A deployment of {@link #MODEL} that takes everything and costs 1 a million input tokens and 2 a million output. */
    public static Deployment deployment(String place) {
        return deployment(place, new Deployment.Capabilities(OptionalInt.empty(), true, true, true));
    }

    public static Deployment deployment(String place, Deployment.Capabilities capabilities) {
        URI url = URI.create("http://127.0.0.1:1/" + place);
        Vendor vendor = new Vendor(place, VendorFamily.OPENAI, url, CallTimeouts.DEFAULT, true);
        return new Deployment(new DeploymentName(place, MODEL), vendor, url, "vendor-" + MODEL,
                Optional.of(place + "-region"), Optional.empty(), List.of(),
                new Deployment.Limits(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(),
                        OptionalInt.empty()),
                Map.of(), List.of(), CallTimeouts.DEFAULT, capabilities);
    }

    public static Strategy one(String place) {
        return new Strategy.One(new DeploymentName(place, MODEL));
    }

    /** One route for everything. */
    public static Configuration routing(Strategy strategy, Residency allow, Deployment... deployments) {
        Map<DeploymentName, Deployment> byName = new LinkedHashMap<>();
        for (Deployment deployment : deployments) {
            byName.put(deployment.name(), deployment);
        }
        Route route = new Route(MODEL + "/test/otherwise", strategy, List.of(), allow, Route.CallMode.AS_ASKED);
        Pool pool = new Pool(POOL, Set.of(Pool.OTHERWISE),
                Map.of(Priority.STANDARD, Pool.PriorityShare.ofDefault(Priority.STANDARD)), List.of(), false, 0);
        List<PriceTable.Price> prices = byName.keySet().stream()
                .map(name -> new PriceTable.Price(name, LocalDate.EPOCH, BigDecimal.ONE, BigDecimal.TWO,
                        Optional.empty(), Optional.empty()))
                .toList();
        return new Configuration("test", Map.of(), byName, List.of(pool),
                Map.of(MODEL, new ModelRoutes(MODEL, Map.of("test", Map.of(Pool.OTHERWISE, route)))),
                new PriceTable("1", "USD", prices), TopicSettings.DEFAULT,
                WorkerSettings.DEFAULT);
    }
}
