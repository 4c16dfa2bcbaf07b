package dev.signalbox.cli.batch;

import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.BodyFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The first pass over the file: everything is checked, and counted, before anything is spent. */
final class BatchCheck {
    /** Faults that are listed; of the others only the number is told. */
    static final int MAX_LISTED = 20;

    /**
     * What the check came to.
     *
     * @param format the family of all lines
     * @param ids line of each custom id
     * @param lastLine number of the last line
     * @param faults the first {@link #MAX_LISTED}
     * @param faultCount all of them
     */
    record Result(BodyFormat format, IdTable ids, int lastLine, BatchPlan plan, List<Fault> faults, int faultCount) {
    }

    private final Placements placements;
    private final RequestOptions defaults;
    private final IdTable ids = new IdTable();
    private final BatchPlan plan = new BatchPlan();
    private final List<Fault> faults = new ArrayList<>();
    private int faultCount;
    private @Nullable BodyFormat format;

    BatchCheck(Placements placements, RequestOptions defaults) {
        this.placements = placements;
        this.defaults = defaults;
    }

    Result check(BatchSource source) throws IOException {
        int lastLine = 0;
        try (LineReader lines = source.lines(placements.maxMessageBytes())) {
            while (lines.hasNext()) {
                LineReader.Line line = lines.next();
                lastLine = line.number();
                if (line.tooLong()) {
                    fault(new Fault(line.number(), 1, "the line is longer than " + placements.maxMessageBytes()
                            + " bytes, the largest record of the request topics (topics.max_message_bytes)"));
                    continue;
                }
                switch (LineParser.parse(line.number(), line.bytes())) {
                    case LineParser.Request request -> accept(request.line());
                    case LineParser.Refused refused -> {
                        refused.customId().ifPresent(id -> checkUnique(id, line.number()));
                        refused.faults().forEach(this::fault);
                    }
                }
            }
        }
        if (lastLine == 0) {
            fault(new Fault(1, 1, "the file holds no requests"));
        }
        return new Result(format == null ? BodyFormat.OPENAI_CHAT_COMPLETIONS : format, ids, lastLine, plan,
                List.copyOf(faults), faultCount);
    }

    private void accept(BatchLine line) {
        checkUnique(line.customId(), line.number());
        checkFamily(line);
        RequestOptions options = line.options().orElse(defaults);
        String useCase = RequestBuilder.useCase(options);
        Priority priority = RequestBuilder.priority(options);
        switch (placements.place(line.shape().model(), useCase, priority)) {
            case Placements.Placed placed -> plan.add(
                    new BatchPlan.Group(line.shape().model(), useCase, placed.lane()), line.shape(), placed.price());
            case Placements.Misplaced misplaced -> fault(new Fault(line.number(),
                    misplaced.onModel() ? line.shape().modelColumn() : line.optionsColumn(), misplaced.message()));
        }
    }

    /** Results have their family's form, and a file of results has one. */
    private void checkFamily(BatchLine line) {
        if (format == null) {
            format = line.format();
        } else if (format != line.format()) {
            fault(new Fault(line.number(), 1, "this is a line of "
                    + (line.format() == BodyFormat.ANTHROPIC_MESSAGES
                            ? "an Anthropic Message Batch in a file of OpenAI batch lines"
                            : "an OpenAI batch in a file of Anthropic Message Batch lines")
                    + "; split the file by family"));
        }
    }

    private void checkUnique(String customId, int line) {
        OptionalInt earlier = ids.putIfAbsent(customId, line);
        if (earlier.isPresent()) {
            fault(new Fault(line, 1, "custom_id \"" + customId + "\" is already on line " + earlier.getAsInt()
                    + "; each must be unique"));
        }
    }

    private void fault(Fault fault) {
        faultCount++;
        if (faults.size() < MAX_LISTED) {
            faults.add(fault);
        }
    }

    /** The lines for the user; empty if there is no fault. */
    static Optional<List<String>> report(String file, Result result) {
        if (result.faultCount() == 0) {
            return Optional.empty();
        }
        List<String> lines = new ArrayList<>(result.faults().stream().map(fault -> fault.at(file)).toList());
        int more = result.faultCount() - result.faults().size();
        if (more > 0) {
            lines.add("and " + more + " more");
        }
        lines.add(result.faultCount() + (result.faultCount() == 1 ? " fault" : " faults") + "; nothing was sent");
        return Optional.of(lines);
    }
}
