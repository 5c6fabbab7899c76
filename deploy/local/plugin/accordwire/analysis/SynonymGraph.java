package accordwire.analysis;

import java.io.IOException;
import java.io.StringReader;
import java.text.ParseException;
import java.util.List;
import java.util.function.Function;

import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.elasticsearch.index.IndexService.IndexCreationContext;
import org.elasticsearch.index.analysis.AnalysisMode;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.CustomAnalyzer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;

/** Inline synonyms in Solr's notation. The rules pass through the filters before this one, so each chain has its own. */
final class SynonymGraph implements TokenFilterFactory {

    private final Parameters parameters;
    private final String rules;
    private final boolean expand;
    private final AnalysisMode mode;

    SynonymGraph(Parameters parameters) {
        this.parameters = parameters;
        this.rules = String.join("\n", parameters.list("synonyms"));
        this.expand = parameters.flag("expand", true);
        this.mode = parameters.flag("updateable", false) ? AnalysisMode.SEARCH_TIME : AnalysisMode.ALL;
        if (!parameters.text("format", "solr").equals("solr")) {
            throw parameters.wrong("only [format] [solr] is known here");
        }
    }

    @Override
    public String name() {
        return parameters.name();
    }

    @Override
    public TokenStream create(TokenStream input) {
        throw new IllegalStateException("[" + name() + "] has no rules before it knows its chain");
    }

    @Override
    public AnalysisMode getAnalysisMode() {
        return mode;
    }

    @Override
    public TokenFilterFactory getChainAwareTokenFilterFactory(
        IndexCreationContext context,
        TokenizerFactory tokenizer,
        List<CharFilterFactory> charFilters,
        List<TokenFilterFactory> previous,
        Function<String, TokenFilterFactory> all
    ) {
        var before = previous.stream().map(TokenFilterFactory::getSynonymFilter).toArray(TokenFilterFactory[]::new);
        var synonyms = parse(new CustomAnalyzer(tokenizer, charFilters.toArray(CharFilterFactory[]::new), before));
        return new InChain(name(), synonyms, mode);
    }

    private SynonymMap parse(Analyzer analyzer) {
        try {
            var parser = new SolrSynonymParser(true, expand, analyzer);
            parser.parse(new StringReader(rules));
            return parser.build();
        } catch (IOException | ParseException problem) {
            var cause = problem.getCause() == null ? problem : problem.getCause();
            throw parameters.wrong("synonyms: " + problem.getMessage() + ": " + cause.getMessage());
        }
    }

    private record InChain(String name, SynonymMap synonyms, AnalysisMode mode) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream input) {
            return synonyms.fst == null ? input : new SynonymGraphFilter(input, synonyms, false);
        }

        @Override
        public AnalysisMode getAnalysisMode() {
            return mode;
        }

        /** One synonym filter does not feed the rules of the next. */
        @Override
        public TokenFilterFactory getSynonymFilter() {
            return IDENTITY_FILTER;
        }
    }
}
