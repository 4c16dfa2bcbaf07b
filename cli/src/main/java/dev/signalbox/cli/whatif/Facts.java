package dev.signalbox.cli.whatif;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.config.Units;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An option's value of the form {@code key=value,key=value}, perhaps after one value without a key. */
final class Facts {
    private final String option;
    private final Map<String, String> values = new LinkedHashMap<>();

    /**
     * @param first key of a first value that has none; empty: each has one
     * @param known keys that there may be
     * @throws CommandFailure naming the option, what is wrong and what there is
     */
    Facts(String option, String text, String first, List<String> known) {
        this.option = option;
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            boolean bare = equals < 0 && values.isEmpty() && !first.isEmpty();
            if (equals < 1 && !bare) {
                throw wrong("\"" + part + "\" is not of the form key=value");
            }
            String key = bare ? first : part.substring(0, equals).strip();
            if (!known.contains(key)) {
                throw wrong("unknown key \"" + key + "\"; there are " + String.join(", ", known));
            }
            if (values.put(key, part.substring(equals + 1).strip()) != null) {
                throw wrong("\"" + key + "\" is given twice");
            }
        }
    }

    CommandFailure wrong(String what) {
        return new CommandFailure(ExitCode.USAGE, option + ": " + what);
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key));
    }

    String required(String key) {
        return text(key).orElseThrow(() -> wrong("\"" + key + "\" is missing"));
    }

    String text(String key, String otherwise) {
        return text(key).orElse(otherwise);
    }

    /** A number that is not negative. */
    double number(String key, double otherwise) {
        return text(key).map(text -> {
            try {
                double number = Double.parseDouble(text);
                if (number >= 0 && Double.isFinite(number)) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            throw wrong(key + " must be a number of at least 0, not \"" + text + "\"");
        }).orElse(otherwise);
    }

    int count(String key, int otherwise) {
        double number = number(key, otherwise);
        if (number != Math.rint(number) || number > 100_000_000) {
            throw wrong(key + " must be a whole number, not " + number);
        }
        return (int) number;
    }

    Duration duration(String key, Duration otherwise) {
        return text(key).map(text -> text.equals("0")
                ? Duration.ZERO
                : Units.positiveDuration(text).orElseThrow(() -> wrong(
                        key + " must be a duration such as 500ms, 90s or 15m, not \"" + text + "\"")))
                .orElse(otherwise);
    }
}
