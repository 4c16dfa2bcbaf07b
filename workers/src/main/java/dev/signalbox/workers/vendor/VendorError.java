package dev.signalbox.workers.vendor;

import java.util.Map;

/**
 * What a vendor sent instead of an answer.
 *
 * @param status the HTTP status; 200 for an error inside an answer
 * @param headers the response's headers, names in lower case, the last of several alike
 * @param body the first 64 KiB of the body, or the error event's data
 */
public record VendorError(int status, Map<String, String> headers, byte[] body) {
}
