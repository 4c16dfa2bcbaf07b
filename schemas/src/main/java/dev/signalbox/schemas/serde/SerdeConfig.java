package dev.signalbox.schemas.serde;

import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.ConfigException;

/**
 * What a serializer or deserializer is told, under Confluent's keys; all others are ignored.
 *
 * @param autoRegister {@code auto.register.schemas}, default true
 * @param useLatest {@code use.latest.version}, default false; counts only where nothing is registered
 * @param naming {@code value.subject.name.strategy} (or {@code key.}), default TopicNameStrategy
 * @param part {@code value} or {@code key}
 */
record SerdeConfig(boolean autoRegister, boolean useLatest, SubjectNaming naming, String part) {
    static final String AUTO_REGISTER = "auto.register.schemas";
    static final String USE_LATEST = "use.latest.version";
    static final String SPECIFIC_READER = "specific.avro.reader";

    static SerdeConfig of(Map<String, ?> config, boolean isKey) {
        String part = isKey ? "key" : "value";
        String namingKey = part + ".subject.name.strategy";
        Object naming = config.get(namingKey);
        return new SerdeConfig(flag(config, AUTO_REGISTER, true), flag(config, USE_LATEST, false),
                naming == null ? SubjectNaming.TOPIC : SubjectNaming.ofClassName(namingKey, naming), part);
    }

    static boolean flag(Map<String, ?> config, String key, boolean otherwise) {
        Object value = config.get(key);
        if (value == null) {
            return otherwise;
        }
        return switch (value.toString().trim().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new ConfigException(key, value, "must be true or false");
        };
    }
}
