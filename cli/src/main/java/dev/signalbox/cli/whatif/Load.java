package dev.signalbox.cli.whatif;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import dev.signalbox.cli.batch.Placements;
import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Requests by time: read from a trace, or made by rate. A trace is a CSV file with a header; its columns are the time
 * ({@code at_ms}, or {@code timestamp} as {@code 2023-11-16 18:15:46.68}), {@code input_tokens} (or {@code ContextTokens}),
 * {@code output_tokens} (or {@code GeneratedTokens}), and, where they differ, {@code model}, {@code use_case},
 * {@code tenant} and {@code priority}.
 */
final class Load {
    static final int MOST_REQUESTS = 5_000_000;
    private static final List<String> KEYS = List.of("trace", "rate", "from", "for", "input", "output", "tenants",
            "model", "use_case", "tenant", "priority", "speed", "ttl");
    private static final DateTimeFormatter TIMESTAMP = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE).appendPattern("[ ]['T']").append(DateTimeFormatter.ISO_LOCAL_TIME)
            .appendPattern("['Z']").toFormatter(Locale.ROOT);
    private static final double NANOS = 1e9;

    private final Configuration configuration;
    private final Placements placements;
    private final Facts facts;

    private Load(Configuration configuration, Facts facts) {
        this.configuration = configuration;
        this.placements = new Placements(configuration, LocalDate.EPOCH);
        this.facts = facts;
    }

    /**
     * All of them, by time.
     *
     * @param specs values of {@code --load}
     */
    static List<LoadRequest> of(Configuration configuration, List<String> specs, long seed) {
        List<LoadRequest> all = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            Load load = new Load(configuration, new Facts("--load", specs.get(i), "trace", KEYS));
            all.addAll(load.facts.text("trace").isPresent()
                    ? load.trace(Path.of(load.facts.required("trace")))
                    : load.generated(new SplittableRandom(seed + i)));
            if (all.size() > MOST_REQUESTS) {
                throw load.facts.wrong("more than " + MOST_REQUESTS + " requests; take less at once");
            }
        }
        all.sort(Comparator.comparingLong(LoadRequest::atNanos));
        return all;
    }

    /** Arrivals by chance at a mean rate, with prompts and answers around their means. */
    private List<LoadRequest> generated(SplittableRandom random) {
        double perSecond = rate(facts.required("rate"));
        long from = facts.duration("from", Duration.ZERO).toNanos();
        long end = from + facts.duration("for", Duration.ofMinutes(10)).toNanos();
        int input = facts.count("input", 500);
        int output = facts.count("output", 200);
        int tenants = Math.max(1, facts.count("tenants", 1));
        if ((end - from) / NANOS * perSecond > MOST_REQUESTS) {
            throw facts.wrong("more than " + MOST_REQUESTS + " requests; take less at once");
        }
        String tenant = facts.text("tenant", "tenant");
        List<LoadRequest> made = new ArrayList<>();
        for (double at = from + gap(random, perSecond); at < end; at += gap(random, perSecond)) {
            String whose = tenants == 1 ? tenant : tenant + "-" + (1 + random.nextInt(tenants));
            made.add(request((long) at, Map.of("tenant", whose), around(random, input), around(random, output), ""));
        }
        return made;
    }

    private static double gap(SplittableRandom random, double perSecond) {
        return random.nextExponential() / perSecond * NANOS;
    }

    private static int around(SplittableRandom random, int mean) {
        return Math.max(1, (int) Math.round(mean * Math.exp(0.5 * random.nextGaussian() - 0.125)));
    }

    private double rate(String text) {
        String number = text.replaceFirst("/(s|min)$", "");
        double perSecond;
        try {
            perSecond = Double.parseDouble(number) / (text.endsWith("/min") ? 60 : 1);
        } catch (NumberFormatException e) {
            perSecond = 0;
        }
        if (perSecond <= 0 || !Double.isFinite(perSecond)) {
            throw facts.wrong("rate must be such as 20/s or 90/min, not \"" + text + "\"");
        }
        return perSecond;
    }

    private List<LoadRequest> trace(Path file) {
        if (!Files.isRegularFile(file)) {
            throw facts.wrong("there is no file " + file);
        }
        double speed = facts.number("speed", 1);
        if (speed == 0) {
            throw facts.wrong("speed must be above 0");
        }
        long from = facts.duration("from", Duration.ZERO).toNanos();
        long length = facts.duration("for", Duration.ofDays(365)).toNanos();
        List<LoadRequest> read = new ArrayList<>();
        CsvMapper csv = new CsvMapper();
        csv.enable(CsvParser.Feature.WRAP_AS_ARRAY);
        try (MappingIterator<String[]> rows = csv.readerFor(String[].class).readValues(file.toFile())) {
            Map<String, Integer> columns = columns(rows.hasNext() ? rows.next() : new String[0], file);
            long begin = Long.MIN_VALUE;
            for (int line = 2; rows.hasNext(); line++) {
                Map<String, String> row = row(columns, rows.next());
                String place = file + ":" + line;
                long time = time(row, place);
                begin = begin == Long.MIN_VALUE ? time : begin;
                long at = (long) ((time - begin) / speed);
                if (at < 0) {
                    throw facts.wrong(place + ": is before the first row; sort the file by time");
                }
                if (at > length) {
                    break;
                }
                read.add(
                        request(from + at, row, tokens(row, "input_tokens", place), tokens(row, "output_tokens", place),
                                place + ": "));
            }
        } catch (IOException e) {
            throw facts.wrong(file + ": " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        return read;
    }

    private Map<String, Integer> columns(String[] header, Path file) {
        Map<String, Integer> columns = new HashMap<>();
        for (int i = 0; i < header.length; i++) {
            String name = header[i].strip().toLowerCase(Locale.ROOT);
            columns.put(switch (name) {
                case "contexttokens" -> "input_tokens";
                case "generatedtokens" -> "output_tokens";
                default -> name;
            }, i);
        }
        if (!(columns.containsKey("at_ms") || columns.containsKey("timestamp"))
                || !columns.keySet().containsAll(List.of("input_tokens", "output_tokens"))) {
            throw facts.wrong(file + ":1: needs the columns at_ms or timestamp, input_tokens and output_tokens; it has "
                    + Arrays.toString(header));
        }
        return columns;
    }

    private static Map<String, String> row(Map<String, Integer> columns, String[] cells) {
        Map<String, String> row = new HashMap<>();
        columns.forEach((name, i) -> {
            if (i < cells.length && !cells[i].isBlank()) {
                row.put(name, cells[i].strip());
            }
        });
        return row;
    }

    private long time(Map<String, String> row, String place) {
        String millis = row.get("at_ms");
        String timestamp = row.get("timestamp");
        try {
            if (millis != null) {
                return (long) (Double.parseDouble(millis) * 1e6);
            }
            if (timestamp != null) {
                return ChronoUnit.NANOS.between(LocalDateTime.of(1970, 1, 1, 0, 0),
                        LocalDateTime.parse(timestamp, TIMESTAMP));
            }
        } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
            // said below
        }
        throw facts.wrong(place + ": has no time that can be read");
    }

    private int tokens(Map<String, String> row, String column, String place) {
        try {
            int tokens = Integer.parseInt(row.getOrDefault(column, ""));
            if (tokens >= 0) {
                return Math.max(1, tokens);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw facts.wrong(place + ": " + column + " must be a whole number");
    }

    /** What a row does not say, the option does. */
    private LoadRequest request(long atNanos, Map<String, String> row, int input, int output, String place) {
        String model = of(row, "model").orElseGet(this::anyModel);
        String useCase = of(row, "use_case").orElse("");
        String label = of(row, "priority").orElse(Priority.STANDARD.label());
        Priority priority = Priority.ofLabel(label).orElseThrow(() -> facts.wrong(place + "unknown priority \"" + label
                + "\"; there is interactive, standard, batch, background"));
        Lane lane = switch (placements.place(model, useCase, priority)) {
            case Placements.Placed placed -> placed.lane();
            case Placements.Misplaced misplaced -> throw facts.wrong(place + misplaced.message());
        };
        return new LoadRequest(atNanos, lane, model, useCase, of(row, "tenant").orElse("tenant"), input, output,
                facts.duration("ttl", priority.defaultTimeToLive()));
    }

    private Optional<String> of(Map<String, String> row, String key) {
        return Optional.ofNullable(row.get(key)).or(() -> facts.text(key));
    }

    private String anyModel() {
        if (configuration.routes().size() == 1) {
            return configuration.routes().keySet().iterator().next();
        }
        throw facts.wrong("\"model\" is missing; there are routes for "
                + String.join(", ", configuration.routes().keySet().stream().sorted().toList()));
    }
}
