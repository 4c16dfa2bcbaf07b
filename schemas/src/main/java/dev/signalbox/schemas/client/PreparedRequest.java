package dev.signalbox.schemas.client;

import java.util.List;
import org.apache.kafka.common.header.Header;

/**
 * A request that is checked, serialized and has its place, but is not sent yet: what a {@link ReplyReader} needs to
 * expect its reply before it can come.
 *
 * @param requestHash {@link dev.signalbox.schemas.RequestHash} of the value
 * @param value not to be changed
 */
public record PreparedRequest(String requestId, String requestHash, String topic, int partition, byte[] value,
        List<Header> headers) {
    public PreparedRequest {
        headers = List.copyOf(headers);
    }
}
