package dev.signalbox.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Rows of data in the form that the user asked for with {@code -o}. */
public final class Rows {
    /** A form of output. */
    public enum Form {
        TABLE,
        JSON,
        YAML
    }

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private final List<String> columns;
    private final List<List<Object>> rows = new ArrayList<>();

    /** @param columns lower case, with underscores: keys of JSON and YAML */
    public Rows(String... columns) {
        this.columns = List.of(columns);
    }

    /** @param cells one for each column; what is no number or boolean counts as its text */
    public void add(Object... cells) {
        if (cells.length != columns.size()) {
            throw new IllegalArgumentException(cells.length + " cells for the columns " + columns);
        }
        rows.add(Stream.of(cells)
                .map(cell -> cell instanceof Number || cell instanceof Boolean ? cell : cell.toString()).toList());
    }

    public void print(Form form, PrintStream out) {
        switch (form) {
            case TABLE -> printTable(out);
            case JSON -> out.println(json(rows.stream().map(this::byColumn).toList()));
            case YAML -> rows.forEach(row -> {
                String mark = "- ";
                for (Map.Entry<String, Object> cell : byColumn(row).entrySet()) {
                    out.println(mark + cell.getKey() + ": " + json(cell.getValue()));
                    mark = "  ";
                }
            });
        }
        out.flush();
    }

    private Map<String, Object> byColumn(List<Object> row) {
        Map<String, Object> cells = new LinkedHashMap<>();
        for (int i = 0; i < columns.size(); i++) {
            cells.put(columns.get(i), row.get(i));
        }
        return cells;
    }

    private static String json(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a cell is no plain value", e);
        }
    }

    private void printTable(PrintStream out) {
        int[] widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = columns.get(i).length();
            for (List<Object> row : rows) {
                widths[i] = Math.max(widths[i], row.get(i).toString().length());
            }
        }
        out.println(line(columns.stream().map(c -> c.toUpperCase(Locale.ROOT).replace('_', ' ')).toList(), widths));
        rows.forEach(row -> out.println(line(row, widths)));
    }

    private static String line(List<?> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = cells.get(i).toString();
            line.append(cell);
            if (i + 1 < widths.length) {
                line.append(" ".repeat(widths[i] - cell.length() + 2));
            }
        }
        return line.toString();
    }
}
