home-title = अवलोकन
console-name = विक्रेता
