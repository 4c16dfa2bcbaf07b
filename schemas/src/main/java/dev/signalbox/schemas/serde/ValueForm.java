package dev.signalbox.schemas.serde;

import dev.signalbox.schemas.Headers;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.header.Header;

/** Form of a record's value, told by its {@value Headers#CONTENT_TYPE} header. */
public enum ValueForm {
    /** Avro in Confluent's wire format; what no header means. */
    AVRO,
    /** The JSON form of {@link JsonRecords}. */
    JSON;

    private static final Set<String> AVRO_TYPES = Set.of("application/avro", "avro/binary",
            "application/vnd.confluent.avro", "application/octet-stream");

    /** The form of a record with these headers: the last content type counts, parameters such as charset do not; empty if unknown. */
    public static Optional<ValueForm> of(org.apache.kafka.common.header.Headers headers) {
        Header header = headers.lastHeader(Headers.CONTENT_TYPE);
        return header == null || header.value() == null
                ? Optional.of(AVRO)
                : ofContentType(new String(header.value(), StandardCharsets.UTF_8));
    }

    /** The form that a media type names, in any case and with any parameters; empty if unknown. */
    public static Optional<ValueForm> ofContentType(String contentType) {
        int semicolon = contentType.indexOf(';');
        String type = (semicolon < 0 ? contentType : contentType.substring(0, semicolon)).trim()
                .toLowerCase(Locale.ROOT);
        if (type.equals(Headers.CONTENT_TYPE_JSON) || type.endsWith("+json")) {
            return Optional.of(JSON);
        }
        return AVRO_TYPES.contains(type) ? Optional.of(AVRO) : Optional.empty();
    }
}
