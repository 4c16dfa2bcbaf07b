package dev.signalbox.schemas.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which other tenants one tenant that fills his partitions touches. */
@Tag("issue-6")
class TenantShardTest {
    private static final int TENANTS = 2_000;
    private static final int SHARD = RequestProducerOptions.DEFAULT.shardPartitions();

    private static Set<Integer> shard(String tenant, int partitions) {
        return Arrays.stream(TenantShard.shardOf(tenant, partitions, SHARD)).boxed().collect(Collectors.toSet());
    }

    /** Of other tenants by how many partitions they share with a noisy one; on average over 20 noisy ones. */
    private static double[] touched(int partitions) {
        double[] part = new double[SHARD + 1];
        for (int noisy = 0; noisy < 20; noisy++) {
            Set<Integer> his = shard("noisy-" + noisy, partitions);
            for (int i = 0; i < TENANTS; i++) {
                Set<Integer> other = shard("tenant-" + i, partitions);
                other.retainAll(his);
                part[other.size()] += 1.0 / TENANTS / 20;
            }
        }
        return part;
    }

    /** By chance, of shards that are drawn without regard to each other. */
    private static double byChance(int partitions, int shared) {
        return choose(SHARD, shared) * choose(partitions - SHARD, SHARD - shared) / choose(partitions, SHARD);
    }

    private static double choose(int of, int some) {
        double ways = 1;
        for (int i = 0; i < some; i++) {
            ways = ways * (of - i) / (i + 1);
        }
        return of < some ? 0 : ways;
    }

    @Test
    void a_noisy_tenant_touches_few_others_and_hardly_any_in_all_of_his_partitions() {
        TreeMap<Integer, double[]> all = new TreeMap<>();
        for (int partitions : new int[]{12, 24, 48}) {
            double[] part = touched(partitions);
            all.put(partitions, part);
            for (int shared = 0; shared <= SHARD; shared++) {
                assertThat(part[shared]).as("%d partitions, %d shared", partitions, shared)
                        .isCloseTo(byChance(partitions, shared), within(0.03));
            }
            assertThat(part[SHARD]).as("all of their partitions").isLessThan(0.03);
        }
        all.forEach((partitions, part) -> System.out.printf(Locale.ROOT,
                "SHARDS of %d in %d partitions: %.0f %% of other tenants touched at all, %.1f %% in all of theirs%n",
                SHARD, partitions, 100 * (1 - part[0]), 100 * part[SHARD]));
    }

    /** The same vectors as for clients in other languages. */
    @Test
    void it_passes_every_vector() throws Exception {
        int passed = 0;
        try (InputStream vectors = TenantShard.class.getResourceAsStream("/tenant-shard-vectors.json")) {
            for (JsonNode each : new ObjectMapper().readTree(vectors).get("vectors")) {
                assertThat(new TenantShard(each.get("shardPartitions").intValue()).partition(
                        each.get("tenant").textValue(), each.get("requestId").textValue(),
                        each.get("partitions").intValue())).as("%s", each)
                        .isEqualTo(each.get("partition").intValue());
                passed++;
            }
        }
        assertThat(passed).isEqualTo(25);
    }

    @Test
    void a_shard_spreads_evenly_and_is_the_same_each_time() {
        int[] load = new int[24];
        for (int i = 0; i < TENANTS; i++) {
            Set<Integer> shard = shard("tenant-" + i, 24);
            assertThat(shard).hasSize(SHARD).isEqualTo(shard("tenant-" + i, 24));
            shard.forEach(partition -> load[partition]++);
        }
        double fair = (double) TENANTS * SHARD / 24;
        Arrays.stream(load).forEach(each -> assertThat((double) each).isBetween(0.8 * fair, 1.2 * fair));
    }

    @Test
    void a_topic_that_gains_partitions_moves_few_tenants() {
        int moved = 0;
        for (int i = 0; i < TENANTS; i++) {
            moved += shard("tenant-" + i, 24).equals(shard("tenant-" + i, 26)) ? 0 : 1;
        }
        assertThat(moved / (double) TENANTS).isLessThan(2.0 * SHARD / 26 + 0.05);
    }
}
