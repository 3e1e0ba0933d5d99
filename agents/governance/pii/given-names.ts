/**
 * Given names that are common in censuses and registers of Europe, the Americas and Asia, lower case, without accents.
 * Names that are also months, common words, or mostly places are left out: they would find calendars and maps.
 */
export const givenNames: ReadonlySet<string> = new Set(
  `aaron adam adrian agnes agnieszka ahmed aiden aisha alain alan albert alberto alejandra alejandro aleksander
  aleksandra alessandra alessandro alex alexander alexandra alexandre alexis alfonso alfred ali alice alicia alina
  allison amanda amber amelia amelie amina amy ana anastasia anders andre andrea andreas andrei andres andrew andrzej
  angel angela angelica angelo anita anja ann anna anne annette annie anthony antoine anton antonia antonio
  antonella arjun arthur arturo ashley astrid axel barbara bartosz beatrice beatriz ben benjamin bernadette bernard
  bernd bettina betty beverly bianca bill birgit bjorn bob bonnie brandon brenda brian brigitte bruce bruno bryan
  camila camille carl carla carlo carlos carmen carol carolina caroline carolyn caterina catherine cathy cecilia
  cesar chantal charles charlie chiara chloe chris christa christian christina christine christophe christopher
  cindy claire clara claudia claudio clemens colin connie corinna cristina cristian cynthia daniel daniela daniele
  danielle david deborah debra denis denise dennis diana diane diego dieter dimitri dmitri dominik dominique donald
  donna dorothy douglas duncan dylan eduardo edward eileen elena eleanor eleonora elias elisa elisabeth elise eliza
  elizabeth elke ella ellen emil emilia emilie emily emma emmanuel enrico enrique eric erica erich erik erika ernesto
  esther ethan eugene eva evan evelyn ewa fabian fabio fatima federica federico felix fernanda fernando filip
  filippo fiona francesca francesco francis francisco franck francois francoise frank franz fred frederic frederick
  frederik friedrich gabriel gabriela gabriele gabriella gary george georges gerald gerard gerhard giacomo gianluca
  giorgia giorgio giovanna giovanni giulia giulio giuseppe gloria gonzalo greg gregory greta grzegorz guido guillaume
  guillermo gustav gustavo hannah hannes hans harold harry hassan heather heidi heike heinrich heinz helen helena
  helene helga helmut henri henrik henry herbert hermann hiroshi holger howard hugo ian ibrahim ignacio igor ines
  inge ingrid irena irene irina isaac isabel isabella isabelle ivan ivana jack jacek jacob jacqueline jacques jaime
  jakub james jamie jan jana jane janet janice janine jarek jason javier jean jeanne jeff jeffrey jennifer jens jeremy
  jerome jerry jesper jessica jesus jim joan joana joanna joao joaquin jochen joe joel joerg johan johann johanna
  johannes john jon jonas jonathan jorge jose josef joseph josephine joshua joyce juan juanita judith judy julia
  julian juliana julie julien juliette jurgen justin justyna kai karen karin karina karl karla karolina kasper katarina
  kate katharina katherine kathleen kathryn kathy katja katrin katarzyna keith kelly kenji kenneth kerstin kevin khalid
  kimberly klaus konrad kristen kristian kristin kristina krzysztof kurt kyle lars larry laura lauren laurence laurent
  lea leah lena leon leonard leonardo leonie leticia lidia liam lilian lina linda lisa lorena lorenzo louis louise
  luc luca lucas lucia lucie luigi luis luisa lukas luke lydia maciej magdalena maja malgorzata manfred manuel manuela
  marc marcel marcelo marcin marco marcos marcus margaret margarita maria mariam mariana marianne marie marilyn marina
  mario marisa mark marko markus marta martha martin martina martine mary mateo mateusz mathias mathieu mathilde
  matilda matteo matthew matthias mattias maurice mauricio max maximilian megan mei mehmet melanie melissa mercedes
  mette mia michael michaela michal michel michele michelle miguel mikael mike mikkel milan mireille miriam mohamed
  mohammad mohammed monica monika monique moritz muhammad mustafa nadia nadine nancy naomi natalia natalie natasha
  nathalie nathan neha neil nicholas nick nico nicola nicolas nicole niels nikolai nikolaus nina noah noemi nora norbert
  norma nuno odile olaf oleg olga oliver olivia olivier omar oscar oskar otto pablo paola paolo pascal patricia patricio
  patrick patrik paul paula paulina pauline paulo pavel pedro peggy penelope peter petra philip philipp philippe pierre
  pilar piotr priya rachel rafael rahul ralf ralph ramon raphael raquel raul raymond rebecca regina regine reinhard
  renata renate rene ricardo riccardo richard rita rob robert roberta roberto rodrigo roger roland rolf roman ronald
  rosa rosemary rossella roxana ruben rudolf ruth ryan sabine sabrina salvador salvatore samantha samuel sandra sanjay
  sara sarah sascha scott sean sebastian sergei sergio sharon sheila shirley silke silvia simon simona simone sofia
  sofie solveig sonia sonja sophia sophie stefan stefania stefanie stefano steffen stephan stephane stephanie stephen
  steve steven sue sunil susan susana susanne suzanne sven svetlana sylvia sylvie takashi tamara tanja tania tatiana
  teresa theodor theresa therese thierry thomas thorsten tiago tim timothy tina tobias todd tom tomas tomasz tony torsten
  tracy ulrich ulrike ursula ute uwe valentina valeria valerie vanessa vera veronica veronika veronique vicente vincent
  vincenzo viktor viktoria virginie vladimir walter waltraud wanda wei werner wiktoria wilhelm william wladyslaw
  wojciech wolfgang xavier xiao yan yasmin yolanda yuki yusuf yves yvette yvonne zachary zbigniew zofia zoe`.split(
    /\s+/,
  ),
);
