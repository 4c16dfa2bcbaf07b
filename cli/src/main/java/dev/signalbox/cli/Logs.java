package dev.signalbox.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/**
 * Where logs go. On the terminal: our own warnings only, or everything with {@code -v}. In the data folder, once a command
 * works with one: {@code signalbox.log}, at most 2 x 10 MB. Set up in code: reading XML would cost each start a tenth of a
 * second.
 */
final class Logs {
    private static final String PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSX,UTC} %-5level [%thread] %logger{20} - %msg%n";

    private Logs() {
    }

    static void configure(boolean verbose) {
        LoggerContext context = context();
        context.reset();
        Logger ours = context.getLogger("dev.signalbox");
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(verbose ? Level.INFO : Level.WARN);
        ours.setLevel(Level.INFO);
        context.getLogger("org.apache.kafka.clients.consumer.ConsumerConfig").setLevel(Level.WARN);
        context.getLogger("org.apache.kafka.clients.producer.ProducerConfig").setLevel(Level.WARN);
        context.getLogger("org.apache.kafka.clients.admin.AdminClientConfig").setLevel(Level.WARN);
        ConsoleAppender<ILoggingEvent> terminal = new ConsoleAppender<>();
        terminal.setTarget("System.err");
        ThresholdFilter filter = new ThresholdFilter();
        filter.setLevel(verbose ? "INFO" : "WARN");
        filter.start();
        terminal.addFilter(filter);
        start(terminal, context);
        (verbose ? root : ours).addAppender(terminal);
    }

    /** A service's logs: everything of ours on stderr. */
    static void asService() {
        configure(true);
        context().getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    }

    /** Logs into that folder from now on. */
    static void into(Path folder) {
        LoggerContext context = context();
        Path file = folder.resolve("signalbox.log");
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setFile(file.toString());
        FixedWindowRollingPolicy rolling = new FixedWindowRollingPolicy();
        rolling.setContext(context);
        rolling.setParent(appender);
        rolling.setFileNamePattern(file + ".%i");
        rolling.setMinIndex(1);
        rolling.setMaxIndex(1);
        rolling.start();
        SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
        size.setContext(context);
        size.setMaxFileSize(FileSize.valueOf("10MB"));
        size.start();
        appender.setRollingPolicy(rolling);
        appender.setTriggeringPolicy(size);
        start(appender, context);
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
    }

    private static void start(OutputStreamAppender<ILoggingEvent> appender, LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN);
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
    }

    private static LoggerContext context() {
        ILoggerFactory factory = LoggerFactory.getILoggerFactory();
        if (factory instanceof LoggerContext context) {
            return context;
        }
        throw new IllegalStateException("the command logs with logback, not with " + factory.getClass());
    }
}
