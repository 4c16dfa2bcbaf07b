package dev.signalbox.embedded;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members that consumer groups still have after a kill: they ended with the broker's own process, but the broker
 * would wait their session out before it gave their partitions to others.
 */
final class DeadMembers {
    private static final Logger LOG = LoggerFactory.getLogger(DeadMembers.class);
    private static final int LIMIT_SECONDS = 5;

    private DeadMembers() {
    }

    /** Whether the broker on {@code folder} ran before and did not end by {@link EmbeddedBroker#close}; ask before a start. */
    static boolean mayBeIn(Path folder) {
        return Files.exists(folder.resolve("meta.properties")) && !Files.exists(folder.resolve(".kafka_cleanshutdown"));
    }

    /** Takes them out of their groups, as well as it can: what stays runs out by itself. */
    static void remove(String bootstrapServers) {
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, LIMIT_SECONDS * 1_000,
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, LIMIT_SECONDS * 1_000))) {
            awaitCoordinator(admin);
            for (GroupListing group : admin.listGroups(ListGroupsOptions.forConsumerGroups()).all()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                admin.removeMembersFromConsumerGroup(group.groupId(), new RemoveMembersFromConsumerGroupOptions())
                        .all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
                LOG.debug("group {} has no members of the killed process any more", group.groupId());
            }
        } catch (ExecutionException | TimeoutException e) {
            LOG.info("members of the killed process stay in their groups until their sessions end: {}",
                    e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Until the broker has read its one partition of groups: a list from before would lack them without an error. */
    private static void awaitCoordinator(Admin admin) throws InterruptedException, TimeoutException {
        try {
            var _ = admin.describeConsumerGroups(List.of("signalbox")).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            LOG.debug("the coordinator answers: {}", e.getMessage());
        }
    }
}
