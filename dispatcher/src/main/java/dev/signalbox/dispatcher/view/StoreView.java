package dev.signalbox.dispatcher.view;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.SortedMap;

/**
 * One store as operators may see it.
 *
 * @param path of its pages
 * @param noun what the rows are called in a list
 */
public record StoreView(String path, String noun, Owners owners, Reader reader) {
    /** Reads what the tasks of this instance hold. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Rows of one partition, by key; from an active task only.
         *
         * @param prefix that keys begin with
         * @param most how many at most, the first ones by key
         * @throws org.apache.kafka.streams.errors.InvalidStateStoreException if this instance does not hold the partition
         *         now, or it is being restored
         */
        SortedMap<String, JsonNode> rows(int partition, String prefix, int most);
    }
}
