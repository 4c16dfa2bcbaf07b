package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Vendor;
import dev.signalbox.config.VendorFamily;
import java.io.IOException;
import java.net.URI;
import java.util.HashSet;
import java.util.Set;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
class ConnectionShelvesTest {
    private static final Vendor VENDOR = new Vendor("v", VendorFamily.OPENAI, URI.create("http://127.0.0.1:1"),
            CallTimeouts.DEFAULT, true);

    private final ConnectionShelves shelves = new ConnectionShelves(new OkHttpClient(), HttpLimits.DEFAULT);

    @Test
    void few_calls_share_their_connections() throws Exception {
        for (int running = 1; running < 256; running++) {
            assertThat(pool(running)).isSameAs(pool(0));
        }
        assertThat(pool(256)).isNotSameAs(pool(0));
    }

    @Test
    void however_many_run_the_pools_are_no_more_and_all_have_as_many() throws Exception {
        Set<ConnectionPool> pools = new HashSet<>();
        for (int running = 0; running < 2_048; running++) {
            pools.add(pool(running));
        }
        assertThat(pools).hasSize(8);
        for (int running = 2_048; running < 10_000; running++) {
            assertThat(pool(running)).isSameAs(pool(running % 2_048));
        }
        shelves.close();
        assertThat(shelves.connections()).isZero();
        assertThat(shelves.idle()).isZero();
    }

    private ConnectionPool pool(int running) throws IOException {
        return shelves.of(VENDOR, running).connectionPool();
    }
}
